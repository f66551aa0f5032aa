"""Claims about the tables of texts: what the code says is in them, in both languages, and nothing else is."""

from __future__ import annotations

import ast
import errno
import re
from collections import defaultdict
from functools import cache
from importlib.resources import files

import pytest
from support.text_keys import Use, modules, parsed, uses

from node.errors import OF_THE_NODE, Reason
from node.texts.wording import LANGUAGES, detect_language, find, placeholders, t, table

TABLES = sorted(
    {
        path.name.split(".")[0]
        for path in files("node.texts").joinpath("tables").iterdir()
        if path.name.endswith(".toml")
    }
)
HELP_APART = [name for name in TABLES if name != "help"]
HAN = re.compile("[\u4e00-\u9fff]")
PLAIN_PART = re.compile(r"[a-z0-9][a-z0-9_-]*").fullmatch
NAME_PART = re.compile("[A-Z][A-Z_0-9]*").fullmatch
CUT_OFF = re.compile(
    "-([0-9]+|a|an|and|are|as|at|be|but|by|can|cannot|did|for|from|has|have|if|in|into|is|it|its|not|of|on|one|only|or"
    "|such|than|that|the|their|there|this|to|too|use|was|were|when|which|whose|will|with|would|no)$"
).search
"""In what no name of what is wrong ends: words amid a sentence, numbers that tell two keys apart."""
WORDS_ALONE = re.compile(r"[A-Za-z]+( [A-Za-z]+){0,3}").fullmatch
SAID_ALIKE = {
    "help": "an option is explained under its command and its name",
    "problem": "programs go by the kind of a problem, and two kinds may be mended alike",
    "reason.CONFIG_INVALID.next": "each reason has its next step",
    "statement.question.statistic": "each kind of question has its sentence",
}
"""Tables and keys whose texts may be those of others, each with why."""
FOR_PROGRAMS = {
    "authority",
    "clause",
    "column",
    "decided_by",
    "department",
    "exchange_id",
    "index",
    "line",
    "origin",
    "peer",
    "peer_title",
    "rule",
    "setting",
    "version",
    "where",
}
"""Arguments of errors that programs go by, and which a text may leave out."""


def described(key: str) -> str:
    """The key in a table: problems of policy files are named without their table and part."""
    return key if find(key, "en") is not None else f"problem.{key}.what"


@cache
def named() -> tuple[Use, ...]:
    return tuple(uses())


def test_tables_and_uses_are_found() -> None:
    assert {"text", "help", "error", "problem"} <= set(TABLES)
    assert len(named()) > 1000
    assert {"error.identity.resident-length", "usage.missing", "state.folder.open"} <= {
        each.key for each in named()
    }


def test_every_key_that_the_code_names_has_a_text_in_both_languages() -> None:
    for lang in LANGUAGES:
        assert [each for each in named() if find(described(each.key), lang) is None] == []


def test_what_looks_like_a_key_of_errors_and_files_is_one() -> None:
    """Also where it is kept in a mapping before it is said."""
    like_a_key = re.compile(r"(error|file|setting|state|demo)(\.[a-z][a-z0-9_-]*){2,}")
    whole, _ = named_in_the_code()
    found = {each for each in whole if like_a_key.fullmatch(each)}
    assert len(found) > 500
    assert [each for each in found if find(described(each), "en") is None] == []


@pytest.mark.parametrize("name", TABLES)
def test_both_languages_have_the_same_keys(name: str) -> None:
    assert set(table(name, "en")) == set(table(name, "zh"))


@pytest.mark.parametrize("name", HELP_APART)
def test_both_languages_have_the_same_placeholders(name: str) -> None:
    chinese = table(name, "zh")
    for key, english in table(name, "en").items():
        assert placeholders(english) == placeholders(chinese[key]), key


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_empty(name: str, lang: str) -> None:
    assert [key for key, text in table(name, lang).items() if not text] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_key_is_made_of_plain_words_and_names_of_reasons_and_is_no_sentence(name: str) -> None:
    parts = {part for key in table(name, "en") for part in key.split(".")}
    assert [part for part in parts if not (PLAIN_PART(part) or NAME_PART(part))] == []
    assert [key for key in table(name, "en") if max(map(len, key.split("."))) > 40] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_key_names_what_is_wrong_and_is_no_sentence_cut_off(name: str) -> None:
    parts = {part for key in table(name, "en") for part in key.split(".")}
    assert [part for part in parts if CUT_OFF(part)] == []


def test_what_is_said_in_the_same_words_in_both_languages_has_one_key() -> None:
    """But for words of labels and values, of which two pages may have the same, and one may change."""
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted(set(TABLES) - SAID_ALIKE.keys()):
        for key, english in table(name, "en").items():
            full = key if name == "text" else f"{name}.{key}"
            is_message = name in ("error", "file", "setting") or not WORDS_ALONE(english)
            if is_message and full not in SAID_ALIKE:
                keys[english, table(name, "zh")[key]].append(full)
    assert len(keys) > 1000
    assert [alike for alike in keys.values() if len(alike) > 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_placeholder_is_an_argument_that_the_code_gives(lang: str) -> None:
    lacking = {
        (each.where, each.key): placeholders(find(each.key, lang) or "") - each.given
        for each in named()
        if each.given is not None
    }
    assert {place: names for place, names in lacking.items() if names} == {}


def test_every_argument_is_shown_or_is_one_that_programs_go_by() -> None:
    shown: dict[str, set[str]] = defaultdict(set)
    given: dict[str, frozenset[str]] = {}
    for each in named():
        if each.given is not None and find(each.key, "en") is not None:
            shown[each.where] |= placeholders(find(each.key, "en") or "")
            given[each.where] = each.given
    unshown = {where: given[where] - shown[where] - FOR_PROGRAMS for where in given}
    assert {where: names for where, names in unshown.items() if names} == {}


def test_no_english_phrase_is_an_argument() -> None:
    assert [each.where for each in named() if any(map(holds_words, each.values))] == []


def holds_words(node: ast.expr) -> bool:
    """Whether an argument is written with several words in it, but for those of commands to type."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.search(r"[A-Za-z]{2,} +[A-Za-z]{2,}", node.value) is not None
    if isinstance(node, ast.JoinedStr):
        return any(map(holds_words, node.values))
    if isinstance(node, ast.IfExp):
        return holds_words(node.body) or holds_words(node.orelse)
    return isinstance(node, ast.BoolOp) and any(map(holds_words, node.values))


@cache
def named_in_the_code() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Texts of the code, and those with holes that begin as a key does.

    What stands in a hole has to be a text of the code itself.
    """
    whole: set[str] = set()
    holed: set[str] = set()
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant):
                whole.add(str(node.value))
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values]
                if re.match(r"[a-z_]+\.", parts[0]):
                    holed.add("".join(re.escape(part) or r"([\w.-]+)" for part in parts))
    return frozenset(whole), tuple(re.compile(each) for each in holed)


@pytest.mark.parametrize("name", HELP_APART)
def test_no_text_is_there_that_the_code_does_not_name(name: str) -> None:
    whole, holed = named_in_the_code()
    keys = [key if name == "text" else f"{name}.{key}" for key in table(name, "en")]
    words = {each.strip(".") for each in whole} | Reason.__members__.keys() | set(errno.errorcode.values())

    def is_named(key: str) -> bool:
        found = (each.fullmatch(key) for each in holed)
        return key in whole or any(match is not None and all(map(is_said, match.groups())) for match in found)

    def is_said(inserted: str) -> bool:
        return inserted in words or words.issuperset(inserted.split("."))

    assert [key for key in keys if not is_named(key)] == []


@pytest.mark.parametrize("name", TABLES)
def test_chinese_texts_are_chinese(name: str) -> None:
    for key, text in table(name, "zh").items():
        words = re.sub(r"`[^`]*`|\{[^}]*\}", "", text)
        is_typed = name == "help" and key.endswith("example")
        assert HAN.search(words) or not re.search("[A-Za-z]{3}", words) or is_typed, key
        assert "待译" not in text, key


def test_english_begins_in_lower_case_and_has_no_full_stop() -> None:
    for name in ("text", "error", "state", "setting"):
        for key, text in table(name, "en").items():
            last = text.rstrip()
            assert not last.endswith(".") or last.endswith("…"), key
            assert not text[:2].istitle() or text.startswith("ML-DSA"), key


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_is_explained_and_says_what_to_do_next(reason: Reason, lang: str) -> None:
    assert t(f"reason.{reason.name}.what", lang)
    assert t(f"reason.{reason.name}.next", lang)


@pytest.mark.parametrize("reason", Reason)
def test_what_a_peer_may_say_of_itself_has_words_that_name_it(reason: Reason) -> None:
    assert (find(f"reason.{reason.name}.theirs", "en") is not None) is (reason in OF_THE_NODE)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "DXNODE_LANG": "zh"}, "zh"),
        ({"LC_MESSAGES": "ZH_HK"}, "zh"),
    ],
)
def test_language_follows_the_environment(environ: dict[str, str], language: str) -> None:
    assert detect_language(environ) == language

"""Each language has its own marks, and its own forms of words."""

from __future__ import annotations

import re

import pytest

from node.texts.message import Message
from node.texts.wording import labelled, listing, placeholders, say, sentences, t, table

TABLES = (
    *("approval", "backup", "bundle", "catalogue", "clause", "denial", "error", "explain", "file"),
    *("order", "peer", "pki", "problem", "source", "state", "statement", "text"),
)
# A place in a file (`p.yaml:3:4: `) and what is typed are as they are in every language.
TYPED = re.compile(
    r"`[^`]*`|「[^」]*」|\{[^}]*\}|[A-Za-z_.]+:(?= ?[\w\[{…（，]|”|/)|主机:端口|地址:端口|“键: 值”|(?<=:)\d+"
)
HALF = re.compile(
    "[\u4e00-\u9fff”）][:;,?!](?!//)|[;,][ ]?[\u4e00-\u9fff]|[\u4e00-\u9fff]\\(|\\)[\u4e00-\u9fff]"
)


@pytest.mark.parametrize("name", TABLES)
def test_chinese_texts_have_the_marks_of_chinese(name: str) -> None:
    found = {key: HALF.search(TYPED.sub("", text)) for key, text in table(name, "zh").items()}
    assert [key for key, mark in found.items() if mark is not None] == []


@pytest.mark.parametrize("name", TABLES)
def test_chinese_texts_have_no_english_quotes_around_what_is_named(name: str) -> None:
    quoted = {"problem.predicate.unquoted.hint"}  # the marks that are to be typed
    found = [f"{name}.{key}" for key, text in table(name, "zh").items() if re.search(r"'\{\w+\}'", text)]
    assert set(found) <= quoted


def test_a_half_mark_would_be_found() -> None:
    for wrong in ("错误: 没有", "甲, 乙", "规则(一)", "是否要写?"):
        assert HALF.search(TYPED.sub("", wrong)), wrong


@pytest.mark.parametrize(
    ("lang", "said"), [("en", ("a: b", "a, b", "a; b")), ("zh", ("a：b", "a、b", "a；b"))]
)
def test_what_is_put_together_has_the_marks_of_the_language(lang: str, said: tuple[str, str, str]) -> None:
    assert (labelled("a", "b", lang), listing("ab", lang), sentences("ab", lang)) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), ("1", "1 record")]
)
def test_a_word_goes_with_its_number(count: int | str, said: str) -> None:
    assert t("status.records", "en", size=count) == said


@pytest.mark.parametrize(("count", "verb"), [(1, "has"), (2, "have")])
def test_a_verb_goes_with_a_number_that_stands_before(count: int, verb: str) -> None:
    args = {"count": count, "read": 9, "percent": 5}
    assert say(Message("state.source.invalid-many", args), "en").startswith(
        f"{count} of its 9 rows {verb} no"
    )


def test_both_forms_are_of_the_same_argument_as_in_chinese() -> None:
    assert placeholders("{count:~has|have} {rows:row|rows}") == {"count", "rows"}


def test_no_english_text_leaves_the_number_of_things_open() -> None:
    assert [key for name in TABLES for key, text in table(name, "en").items() if "(s)" in text] == []


@pytest.mark.parametrize(("lang", "said"), [("en", "市税务局 (91)"), ("zh", "市税务局（91）")])
def test_a_department_that_has_a_title_is_called_by_it_and_its_code(lang: str, said: str) -> None:
    titled = {"peer": "91", "peer_title": "市税务局"}
    assert said in say(Message("error.rpc.peer-too-slow", titled), lang)
    assert "91" in say(Message("error.rpc.peer-too-slow", titled | {"peer_title": ""}), lang)
    assert "91" in say(Message("error.rpc.peer-too-slow", {"peer": "91"}), lang)

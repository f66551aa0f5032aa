"""Claims about the two languages of the command line."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from support.places import ROOT

from node.cli.terminal.exits import EXIT_OF_REASON, Exit
from node.errors import Reason
from node.texts.wording import LANGUAGES, detect_language, t, table

# The table "said" has Chinese only: its English is what others say.
TABLES = sorted(
    {path.name.split(".")[0] for path in files("node.texts").joinpath("tables").iterdir() if "." in path.name}
    - {"said"}
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_tables_are_found() -> None:
    assert {"text", "help"} <= set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_both_languages_have_the_same_keys(name: str) -> None:
    assert set(table(name, "en")) == set(table(name, "zh"))


@pytest.mark.parametrize("name", [name for name in TABLES if name != "help"])
def test_both_languages_have_the_same_placeholders(name: str) -> None:
    chinese = table(name, "zh")
    for key, english in table(name, "en").items():
        assert placeholders(english) == placeholders(chinese[key]), key


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_empty(name: str, lang: str) -> None:
    assert [key for key, text in table(name, lang).items() if not text.strip()] == []


@cache
def named_in_the_code() -> tuple[set[str], list[re.Pattern[str]]]:
    """Texts of the code, and what those with holes can be; their end may be added elsewhere."""
    whole: set[str] = set()
    holed: set[str] = set()
    for path in (ROOT / "node").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant):
                whole.add(str(node.value))
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values]
                # One that is all but a hole could be anything, and so says nothing.
                if any("." in part for part in parts):
                    holed.add("".join(re.escape(part) or r"[\w.-]+" for part in parts) + r"\w*")
    return whole, [re.compile(each) for each in holed]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "help"])
def test_no_text_is_there_that_the_code_does_not_name(name: str) -> None:
    whole, holed = named_in_the_code()
    unnamed = [key for key in table(name, "en") if key not in whole]
    assert [key for key in unnamed if not any(each.fullmatch(key) for each in holed)] == []


def test_english_begins_in_lower_case_and_has_no_full_stop() -> None:
    for key, text in table("text", "en").items():
        last = text.rstrip()
        assert not last.endswith(".") or last.endswith("…"), key
        assert not text[:2].istitle() or text.startswith("ML-DSA"), key


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_is_explained_and_says_what_to_do_next(reason: Reason, lang: str) -> None:
    assert t(f"reason.{reason.name}.what", lang)
    assert t(f"reason.{reason.name}.next", lang)


def test_every_reason_has_an_exit_code() -> None:
    assert set(EXIT_OF_REASON) == set(Reason)
    assert Exit.OK not in EXIT_OF_REASON.values()
    assert Exit.NO not in EXIT_OF_REASON.values()


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


OTHER_WORDS = {
    "dataset": ["数据目录"],
    "question": ["查询项"],
    "field": ["字段"],
    "subject": ["主体", "查询对象"],
    "claim": ["声明"],
    "authority": ["主管机构"],
    "provider": ["提供方"],
    "requester": ["需求方", "使用部门", "查询部门", "申请部门"],
    "sealing key": ["加密密钥"],
    "officer": ["安全员"],
    "verifier key": ["校验密钥"],
    "a question is 问题, what is wrong is not": ["没有问题", "有问题", "处问题"],
}
CHINESE = [
    *ROOT.glob("*.zh-CN.md"),
    *ROOT.glob("docs/*.zh-CN.md"),
    *ROOT.glob("node/cli/messages/*.zh.toml"),
    *ROOT.glob("node/cli/policy_*.py"),
    *ROOT.glob("node/core/*_messages*.py"),
]


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
@pytest.mark.parametrize("idea", OTHER_WORDS)
def test_chinese_has_one_word_for_an_idea(idea: str, path: Path) -> None:
    text = path.read_text("utf-8")
    assert [word for word in OTHER_WORDS[idea] if word in text] == []

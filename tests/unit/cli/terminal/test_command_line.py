"""Claims about a wrong command line: what is wrong is told in the language spoken, and nobody's number is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_desk import resident

from node.cli.terminal.exits import Exit
from node.core.identity import holds_identifier


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("verfy",), "没有该命令：是否要写“verify”？"),
        (("grant",), "没有写明子命令：请从 issue、list、received、show、suspend、resume、revoke 中选择"),
        (("version", "c"), "多出 1 个参数：内容中有空格的，请加引号"),
        (("verify", "a/b", "--purpose"), "选项“--purpose”需要取值"),
        (("version", "--json=3"), "选项“--json”不带取值"),
        (("log", "show", "--limit", "x"), "“--limit”的取值有误：应为整数"),
        (("log", "show", "--limit", "0"), "“--limit”的取值有误：不得小于 1"),
        (("log", "show", "--timeout", "x"), "“--timeout”的取值有误：应为数字"),
        (("log", "show", "--timeout", "601"), "“--timeout”的取值有误：不得大于 600"),
        (("log", "verify", "nowhere"), "“FILE”的取值有误：文件“nowhere”不存在"),
        (("batch", "a/b", ".", "out.csv"), "“IN”的取值有误：“.”是目录，不是文件"),
    ],
)
def test_wrong_command_line_is_told_in_chinese(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    ran = dxnode(*arguments, "--lang", "zh")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == f"错误：{told}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("verfy",), "no such command: did you mean 'verify'?"),
        (("grant",), "missing command: choose one of issue, list, received, show, suspend, resume, revoke"),
        (("version", "c"), "1 word more than the command takes: put what has blanks in it in quotes"),
        (("verify", "a/b", "--purpose"), "option '--purpose' requires an argument"),
        (("version", "--json=3"), "option '--json' does not take a value"),
        (("log", "show", "--limit", "x"), "invalid value for '--limit': a whole number is expected"),
        (("log", "show", "--limit", "0"), "invalid value for '--limit': it has to be at least 1"),
        (("log", "show", "--timeout", "601"), "invalid value for '--timeout': it has to be at most 600"),
        (("log", "verify", "nowhere"), "invalid value for 'FILE': 'nowhere' does not exist"),
        (("batch", "a/b", ".", "out.csv"), "invalid value for 'IN': '.' is a directory"),
    ],
)
def test_wrong_command_line_is_told_in_english(arguments: tuple[str, ...], told: str) -> None:
    ran = dxnode(*arguments)
    assert ran.code == 2
    assert ran.err.splitlines()[0] == f"error: {told}"


MEANT = {
    "as other programs start": (("start",), "serve"),
    "as other programs list": (("grant", "ls"), "list"),
    "as other programs make": (("grant", "create"), "issue"),
    "as other programs look": (("policy", "validate"), "check"),
    "two letters changed places": (("stauts",), "status"),
    "an option of all commands": (("demo", "--language", "zh"), "--lang"),
    "an option without its hyphens": (("demo", "examples"), "--examples"),
    "one that is a word of ours": (("grant", "received", "REFRESH"), "--refresh"),
    "settings without their option": (("serve", "hr/node.yaml"), "--config"),
    "a node's folder without its option": (("serve", "hr"), "--config"),
    "a file without its option": (
        ("verify", "a/b", "hr/id.txt", "--purpose", "p", "--case", "c"),
        "--subject-from",
    ),
    "a folder without its option": (("policy", "explain", "d", "q", "policies"), "--policies"),
    "a number as forms write it": (("demo", "--residents", "50,000"), "50000"),
    "a number in ten thousands": (("log", "show", "--limit", "1万"), "10000"),
    "a number in full width": (("log", "show", "--timeout", "３，０００"), "3000"),
}


@pytest.mark.parametrize(("arguments", "meant"), MEANT.values(), ids=MEANT)
def test_what_was_meant_is_told_in_both_languages(
    arguments: tuple[str, ...], meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hr").mkdir()
    (tmp_path / "policies").mkdir()
    for name in ("node.yaml", "id.txt"):
        (tmp_path / "hr" / name).touch()
    for lang in ("en", "zh"):
        ran = dxnode(*arguments, "--lang", lang)
        assert (ran.code, ran.out) == (2, "")
        assert meant in ran.err.splitlines()[0]


def test_a_long_number_is_not_repeated() -> None:
    ran = dxnode("log", "show", "--limit", "1,234,567,890,123")
    assert (ran.code, re.findall("[0-9]{4}", ran.err)) == (2, [])


@pytest.mark.parametrize("spelling", ["zh", "zh_CN.UTF-8", "zh-Hans", "ZH"])
def test_a_language_is_known_as_systems_call_it(spelling: str) -> None:
    assert dxnode("hlep", "--lang", spelling).err == dxnode("hlep", "--lang", "zh").err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_language_that_there_is_not_is_told_for_readers_of_either(lang: str) -> None:
    told = dxnode("status", "--lang", "cn", env={"DXNODE_LANG": lang}).err
    assert "中文" in told
    assert "zh" in told


def test_help_is_asked_for_in_any_usual_way() -> None:
    wanted = dxnode("log", "show", "--help")
    assert wanted.code == 0
    assert dxnode("log", "show", "-h") == dxnode("help", "log", "show") == wanted
    assert dxnode("help") == dxnode("-h") == dxnode("--help")
    assert dxnode("--version") == dxnode("version")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("before", [("version",), ()], ids=["extra", "command"])
def test_identifier_out_of_place_is_not_repeated(before: tuple[str, ...], lang: str) -> None:
    ran = dxnode(*before, resident(1), "王小芳", "--lang", lang)
    assert ran.code == 2
    assert not re.search(r"[0-9]{6}|王小芳", ran.err)


def spellings(number: str) -> dict[str, tuple[str, ...]]:
    """One identity number in words of a command line, as people write it."""
    wide = "".join(chr(ord(each) + 0xFEE0) for each in number)
    parts = number[:6], number[6:14], number[14:]
    return {
        "plain": (number,),
        "blanks in one word": (" ".join(parts),),
        "several words": parts,
        "dashes": ("-".join(parts),),
        "long dashes": ("\u2014".join(parts),),
        "full width": (wide,),
        "full width in several words": (wide[:6], wide[6:14], wide[14:]),
        "full-width blanks": ("\u3000".join(parts),),
        "something unseen between": ("\u200b".join(parts),),
        "dots": (".".join(parts),),
    }


@pytest.mark.parametrize("spelling", spellings("0" * 18))
@pytest.mark.parametrize(
    "before",
    [
        ("version",),
        (),
        ("log", "show"),
        ("workdays",),
        ("status", "--config"),
        ("--lang",),
        ("policy", "check"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("json", [False, True])
def test_an_identity_number_in_any_spelling_is_not_repeated(
    before: tuple[str, ...], spelling: str, json: bool
) -> None:
    given = spellings(resident(1))[spelling]
    ran = dxnode(*before, *given, *(["--json"] if json else []))
    assert ran.code in (Exit.USAGE, Exit.UNREADABLE)
    said = ran.out + ran.err
    assert not holds_identifier(said)
    assert not [word for word in given if len(word) > 6 and word in said]


@pytest.mark.parametrize(
    "arguments",
    [
        ("version", "Zhang", "Weiming"),
        ("Weiming",),
        ("grant", "weiming"),
        ("verify", "a/b", "--weiming"),
        ("verify", "a/b", "Weiming", "--purpose", "p"),
        ("log", "show", "--limit", "Weiming"),
        ("verify", "a/b", "--purpose", "p", "--case", "c", "-p", "Weiming"),
        ("workdays", "Weiming"),
        ("policy", "check", "x", "--format", "Weiming"),
        ("--lang", "Weiming", "status"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_name_in_latin_letters_is_not_repeated(arguments: tuple[str, ...], lang: str) -> None:
    ran = dxnode(*(("--lang", lang) if "--lang" not in arguments else ()), *arguments)
    assert ran.code == 2
    assert "weiming" not in (ran.out + ran.err).lower()


def test_what_was_meant_is_told_by_what_there_is() -> None:
    assert "did you mean 'verify'?" in dxnode("verfy").err
    assert "did you mean --purpose?" in dxnode("verify", "a/b", "--porpose", "p").err
    assert "did you mean" not in dxnode("Weiming").err


def test_next_step_names_the_command_that_was_meant() -> None:
    assert dxnode("log", "show", "--json=3").err.splitlines()[1] == "hint: see `dxnode log show --help`"


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--{id}"),
        ("--lang", "{id}", "status"),
        ("--lang", "张三", "status"),
        ("verify", "a/b", "--purpose", "x", "--case", "y", "-p", "{id}"),
        ("status", "--config", "{id}"),
        ("policy", "check", "{id}"),
        ("workdays", "{id}"),
        ("log", "verify", "{id}"),
        ("status", "--张三"),
    ],
)
@pytest.mark.parametrize("json", [False, True])
def test_mistyped_command_repeats_no_identity_number_and_no_name(
    arguments: tuple[str, ...], json: bool
) -> None:
    number = resident(1)
    given = [each.format(id=number) for each in arguments]
    ran = dxnode(*given, *(["--json"] if json else []))
    assert ran.code != 0
    assert number not in ran.out + ran.err
    assert "张三" not in ran.out + ran.err

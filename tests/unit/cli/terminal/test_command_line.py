"""Claims about a wrong command line: what is wrong is told in the language spoken, and nobody's number is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_desk import resident


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("verfy",), "没有命令 'verfy'"),
        (("grant",), "没有写明子命令"),
        (("version", "c"), "多出参数 c"),
        (("verify", "a/b", "--purpose"), "选项 '--purpose' 需要取值"),
        (("version", "--json=3"), "选项 '--json' 不带取值"),
        (("log", "show", "--limit", "x"), "'--limit' 的取值有误：应为整数"),
        (("log", "show", "--limit", "0"), "'--limit' 的取值有误：不得小于 1"),
        (("log", "show", "--timeout", "x"), "'--timeout' 的取值有误：应为数字"),
        (("log", "show", "--timeout", "601"), "'--timeout' 的取值有误：不得大于 600"),
        (("log", "verify", "nowhere"), "'FILE' 的取值有误：文件 'nowhere' 不存在"),
        (("batch", "a/b", ".", "out.csv"), "'IN' 的取值有误：'.' 是目录，不是文件"),
    ],
)
def test_wrong_command_line_is_told_in_chinese(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    ran = dxnode(*arguments, "--lang", "zh")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == f"错误: {told}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("verfy",), "no such command 'verfy'"),
        (("grant",), "missing command"),
        (("version", "c"), "got unexpected extra argument(s) (c)"),
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


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("before", [("version",), ()], ids=["extra", "command"])
def test_identifier_out_of_place_is_not_repeated(before: tuple[str, ...], lang: str) -> None:
    ran = dxnode(*before, resident(1), "王小芳", "--lang", lang)
    assert ran.code == 2
    assert not re.search(r"[0-9]{6}|王小芳", ran.err)


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

"""Claims about errors in Chinese: whoever asks reads what is wrong and what to do, whatever the node says."""

from __future__ import annotations

import ast
import json
import re
import string
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_desk import PURPOSE, VERIFY, FakeDesk, grant_message, resident, serving
from support.places import ROOT

from node.cli.terminal.said import in_chinese
from node.client.status import _WITHOUT_INFO
from node.core.deciding.received import covering_grant
from node.core.identity import normalise_credit_code, normalise_region, normalise_resident_id
from node.core.messages.grant_message import grant_from_message
from node.errors import NodeError, Reason
from node.texts.wording import table
from node.v1 import grant_pb2

NODE = ROOT / "node"
ASK = ("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--lang", "zh")
HOLE = "{}"

# What only the staff who run a node can mend: the reason is told in Chinese, the rest aside.
FOR_OPERATORS = {
    Reason.ENVELOPE_INVALID,
    Reason.PROOF_INVALID,
    Reason.KEY_ID_UNKNOWN,
    Reason.DIRECTORY_INVALID,
    Reason.CONFIG_INVALID,
    Reason.LOG_CORRUPT,
    Reason.INTERNAL,
}
WHERE_CLERKS_WORK = ("client", "exchange", "rpc")
TYPER = "# The command line"


def sources(*folders: str) -> Iterator[ast.Module]:
    for folder in folders or ("",):
        for path in (NODE / folder).rglob("*.py"):
            yield ast.parse(path.read_text("utf-8"))


def literal(node: ast.expr) -> str | None:
    """The text that an expression stands for, with `{}` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return None


def written(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and (text := literal(node)) is not None:
            yield text


def template(text: str) -> str:
    parsed = string.Formatter().parse(text)
    return "".join(said + ("" if name is None else HOLE) for said, name, _, _ in parsed)


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def told_to_clerks() -> set[str]:
    """Messages of the errors that are made where clerks' and officers' requests are handled."""
    found = set()
    for tree in sources(*WHERE_CLERKS_WORK):
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "NodeError"):
                continue
            reason, message = call.args[0], literal(call.args[1])
            name = reason.attr if isinstance(reason, ast.Attribute) else ""
            if message is not None and name in Reason.__members__ and Reason[name] not in FOR_OPERATORS:
                found.add(message)
    return found


def test_messages_are_found() -> None:
    assert "one request has at most {} subjects" in told_to_clerks()


@pytest.mark.parametrize("message", sorted(told_to_clerks()))
def test_what_a_clerk_is_told_has_chinese(message: str) -> None:
    assert in_chinese(message.replace(HOLE, "7").replace("refused: 7", "refused: the node is shutting down"))


def test_nothing_is_translated_that_is_not_said() -> None:
    text = (NODE / "texts" / "tables" / "said.zh.toml").read_text("utf-8")
    ours = re.findall(r'^"(.+)" = "', text[: text.index(TYPER)], flags=re.MULTILINE)
    said = {piece for tree in sources() for piece in written(tree)}
    # Parts that the source joins, or that come from the operating system.
    said |= {"{} or {}", "and {} more"}
    said |= {
        "No such file or directory",
        "Is a directory",
        "no such file or directory",
        "permission denied",
        "is a directory",
        "not a directory",
    }
    # The name of a setting is put before what is wrong with it.
    said |= {f"{HOLE} {piece}" for piece in said}
    assert [key for key in ours if template(key) not in said] == []


def test_both_languages_have_the_same_holes() -> None:
    for english, chinese in table("said", "zh").items():
        assert holes(english) == holes(chinese), english


IDENTIFIERS = ["", "1", "4" * 18, "x" * 18, "4" * 100, "441900199913010020", "9" * 17 + "O"]
IDENTIFIERS += [resident(3)[:-1] + last for last in "01Y" if last != resident(3)[-1]]


@pytest.mark.parametrize("text", [*IDENTIFIERS, "91441900MA4UIOSVZ1", "11441900000000019X"])
@pytest.mark.parametrize("normalise", [normalise_resident_id, normalise_credit_code, normalise_region])
def test_mistake_in_an_identifier_is_told_in_chinese(normalise: object, text: str) -> None:
    with pytest.raises(NodeError) as raised:
        normalise(text)  # type: ignore[operator]
    assert in_chinese(raised.value.message)


@pytest.mark.parametrize(
    ("grant", "question", "purpose"),
    [
        (grant_message(), "other", PURPOSE),
        (grant_message(), "is-enrolled", "other"),
        (grant_message(valid_until_ms=1_764_000_000_001), "is-enrolled", PURPOSE),
        (grant_message(state=grant_pb2.GRANT_STATE_SUSPENDED), "is-enrolled", PURPOSE),
        (grant_message(dataset="other"), "is-enrolled", PURPOSE),
        (grant_message(roles=["system"]), "is-enrolled", PURPOSE),
    ],
)
def test_what_a_grant_lacks_is_told_in_chinese(grant: grant_pb2.Grant, question: str, purpose: str) -> None:
    grants, now = [grant_from_message(grant)], datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(NodeError) as raised:
        covering_grant(grants, "pension-insurance", question, purpose, now, "clerk")
    assert in_chinese(raised.value.message)


@pytest.mark.parametrize("message", [message for _, message in _WITHOUT_INFO.values()])
def test_failure_of_the_connection_is_told_in_chinese(message: str) -> None:
    assert in_chinese(message)


def test_sentence_within_a_sentence_is_told_in_chinese_or_not_at_all() -> None:
    assert in_chinese("the provider's node refused: the node is shutting down") == (
        "提供部门的节点拒绝：节点正在停止：请稍后再查询"
    )
    assert in_chinese("the provider's node refused: something newer") is None


def test_a_sentence_with_or_in_it_is_not_taken_for_two_roles() -> None:
    assert in_chinese("clerk or operator") == "clerk 或 operator"
    assert in_chinese("nobody has ever said this or that") is None
    assert in_chinese("li.key: cannot be read (No such file or directory): check the path and its owner") == (
        "li.key：无法读取（没有这个文件或目录）：请核对路径及其属主"
    )


def test_chinese_stays_as_it_is() -> None:
    assert in_chinese("无法读取 x.csv：没有权限") == "无法读取 x.csv：没有权限"


@pytest.mark.parametrize("reason", Reason)
def test_main_lines_are_chinese_and_english_detail_stands_apart(reason: Reason, tmp_path: Path) -> None:
    desk = FakeDesk(fail_with=NodeError(reason, "words of a newer node", rule="r-1"))
    with serving(desk, tmp_path) as address:
        ran = dxnode(*ASK, "--desk", address, stdin=resident(1))
    error, places, hint, detail = ran.err.splitlines()
    assert re.fullmatch(rf"错误: [^a-z]*(`dxnode [a-z ]+`)?[^a-z]* \({reason.name}\)", error)
    assert places == "  规则 r-1"
    assert hint.startswith("提示: ")
    assert detail == "详情（供运维人员）: words of a newer node"


def test_json_has_the_detail_in_the_language_and_the_message_as_it_was_said(tmp_path: Path) -> None:
    message = "the grant does not cover this purpose"
    desk = FakeDesk(fail_with=NodeError(Reason.PURPOSE_NOT_ALLOWED, message, clause="grant.purposes"))
    with serving(desk, tmp_path) as address:
        ran = dxnode(*ASK, "--desk", address, "--json", stdin=resident(1))
    said = json.loads(ran.err)["error"]
    assert said["message"] == message
    assert said["detail"] == "授权不包含该用途：请选择授权中的用途，或重新申请"


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
        (("batch", "a/b", ".", "out.csv"), "'IN.csv' 的取值有误：'.' 是目录，不是文件"),
    ],
)
def test_wrong_command_line_is_told_in_chinese(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    ran = dxnode(*arguments, "--lang", "zh")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == f"错误: {told}"


def test_a_hostile_peer_does_not_hold_up_who_reads_its_refusal() -> None:
    """Patterns with several holes take a time that grows with a power of the length."""
    before = time.monotonic()
    for hostile in (
        "policies " + ", a datasets, version " * 2000,
        "the holiday file has 1 problem(s), the first at " + ":1" * 20_000,
    ):
        assert in_chinese(f"the provider's node refused: {hostile}") is None
    assert time.monotonic() - before < 5

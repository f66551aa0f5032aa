"""Claims about errors in Chinese: whoever asks reads what is wrong and what to do, whatever the node says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_catalogue import PROVIDER, PURPOSE
from support.fake_desk import VERIFY, FakeDesk, grant_message, resident, serving

from node.client.call_error import _WITHOUT_INFO
from node.core.identity import normalise_credit_code, normalise_region, normalise_resident_id
from node.core.messages.grant_message import grant_from_message
from node.core.own_grant import covering_grant
from node.errors import NodeError, Reason
from node.files.whole import unreadable
from node.texts.carried import LONGEST, from_text
from node.texts.message import Message
from node.texts.wording import find, placeholders, say, t
from node.v1 import grant_pb2

ASK = ("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--lang", "zh")


def in_chinese(error: NodeError) -> str:
    """What is shown of an error, which has to be Chinese but for names."""
    text = say(error.wording, "zh")
    assert re.search("[\u4e00-\u9fff]", text), text
    assert not re.search("[a-z]{2,} [a-z]{2,}", re.sub("`[^`]*`", "", text)), text
    return text


IDENTIFIERS = ["", "1", "4" * 18, "x" * 18, "4" * 100, "441900199913010020", "9" * 17 + "O"]
IDENTIFIERS += [resident(3)[:-1] + last for last in "01Y" if last != resident(3)[-1]]


@pytest.mark.parametrize("text", [*IDENTIFIERS, "91441900MA4UIOSVZ1", "11441900000000019X"])
@pytest.mark.parametrize("normalise", [normalise_resident_id, normalise_credit_code, normalise_region])
def test_mistake_in_an_identifier_is_told_in_chinese(normalise: Callable[[str], str], text: str) -> None:
    with pytest.raises(NodeError) as raised:
        normalise(text)
    assert text not in in_chinese(raised.value) or len(text) < 2


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
    assert in_chinese(raised.value)


@pytest.mark.parametrize(("reason", "key"), _WITHOUT_INFO.values())
def test_failure_of_the_connection_is_told_in_chinese(reason: Reason, key: str) -> None:
    assert in_chinese(NodeError(reason, key, peer="desk", code="aborted"))


def test_message_within_a_message_is_told_in_chinese_too() -> None:
    stopping = Message("error.exchange.shut-down")
    refused = NodeError(Reason.DRAINING, "error.rpc.peer-refused", peer=PROVIDER, problem=stopping)
    assert in_chinese(refused) == f"{PROVIDER}的节点拒绝：{find('error.exchange.shut-down', 'zh')}"


def test_what_a_newer_node_words_otherwise_is_no_message_here() -> None:
    assert from_text('{"key":"error.something.newer","args":{}}') is None


def test_what_the_system_says_of_a_file_is_told_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "li.key").read_bytes()
    told = in_chinese(unreadable(Path("li.key"), missing.value))
    assert told == "li.key：无法读取（没有这个文件或目录）：请核对路径及其属主"


@pytest.mark.parametrize("reason", Reason)
def test_all_lines_are_chinese_whatever_the_reason(reason: Reason, tmp_path: Path) -> None:
    """A newer node's own words are not known here: the reason alone is told."""
    desk = FakeDesk(fail_with=NodeError(reason, f"reason.{reason.name}.what", rule="r-1"))
    with serving(desk, tmp_path) as address:
        ran = dxnode(*ASK, "--desk", address, stdin=resident(1))
    exchange, error, hint, support, *fetch = ran.err.splitlines()
    assert re.fullmatch("交换编号 [0-9a-f]{32}", exchange)
    assert [
        line for line in fetch if not line.startswith("  取回答复（最多计入一次限额）：dxnode verify ")
    ] == []
    assert re.fullmatch("错误：[^a-z]*(`dxnode [a-z ]+`)?[^a-z]*", error)
    assert not re.search("[a-z]{2,} [a-z]{2,}", re.sub("`[^`]*`", "", error + hint))
    assert support == f"  供运维人员核对：{reason.name}、规则 r-1"
    assert hint.startswith("提示：")


def test_json_is_in_the_language_spoken_and_has_the_key_for_programs(tmp_path: Path) -> None:
    denied = NodeError(
        Reason.PURPOSE_NOT_ALLOWED, "error.deciding.own-grant-purpose", clause="grant.purposes"
    )
    with serving(FakeDesk(fail_with=denied), tmp_path) as address:
        ran = dxnode(*ASK, "--desk", address, "--json", stdin=resident(1))
    told = json.loads(ran.err)["error"]
    assert told["key"] == "error.deciding.own-grant-purpose"
    assert told["message"] == told["detail"] == say(Message("error.deciding.own-grant-purpose"), "zh")
    assert told["what"] == t("reason.PURPOSE_NOT_ALLOWED.what", "zh")
    metadata = {"clause": "grant.purposes", "exchange_id": told["exchange_id"]}
    assert (told["reason"], told["metadata"]) == ("PURPOSE_NOT_ALLOWED", metadata)


def test_no_sentence_of_a_json_error_is_in_english(tmp_path: Path) -> None:
    for command in (("status",), ("verify",), ("status", "--config", str(tmp_path / "no.yaml"))):
        told = json.loads(dxnode(*command, "--lang", "zh", "--json").err)["error"]
        for said in (told["message"], told["what"], told["hint"], told.get("detail", "")):
            assert not re.search("[a-z]{3,} [a-z]{3,}", re.sub("`[^`]*`|--[a-z]+ [^ ]+", "", said)), said


@pytest.mark.parametrize(
    "odd",
    [
        '{"key":' * 2000,
        "[" * LONGEST,
        "1" * (LONGEST + 1),
        '{"key":"error.clock.not-known","args":{"x":NaN}}',
        '{"key":"error.clock.not-known","args":{"x":1e999}}',
        '{"key":"error.clock.not-known","args":{"x":99999999999999999999}}',
        '{"key":"error.clock.not-known","args":{"x":{"at":"9999-12-31T23:59:59Z"}}}',
        '{"key":"error.clock.not-known","args":{"x":{"at":"0001-01-01T00:00:00+14:00"}}}',
        '{"key":"' + "a" * 300 + '.x","args":{}}',
    ],
)
def test_what_is_no_message_of_ours_is_none(odd: str) -> None:
    assert from_text(odd) is None


def test_message_that_cannot_be_worded_is_shown_by_its_key() -> None:
    late = "error.source.database-too-slow"
    assert say(Message(late, {"seconds": "abc"}), "zh") == late
    assert say(Message("error.no-such-text"), "zh") == "error.no-such-text"


@pytest.mark.parametrize("key", ["error.source.column-missing", "error.identity.resident-length"])
def test_a_message_without_what_its_text_needs_is_none(key: str) -> None:
    assert placeholders(find(key, "en") or "")
    assert from_text(json.dumps({"key": key, "args": {}})) is None

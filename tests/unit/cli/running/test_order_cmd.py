"""Claims about the way of an order: officers see what they sign, and the file gathers their signatures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode

from node.cli.terminal.exits import Exit
from node.core.state.order import OrderKind, make_order, render_order

HR = "11441900000000019Y"
WORDS = {"li": "li reads every line", "wang": "wang reads them again"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name, words in WORDS.items():
        made = dxnode("pki", "officer", name, "--code", HR, "--out", folder, stdin=f"{words}\n")
        assert made.code == 0, made.err
    return folder


@pytest.fixture
def order(tmp_path: Path) -> Path:
    path = tmp_path / "state.order"
    facts = {"own_size": "100", "seen_size": "150"}
    made = make_order(
        HR, OrderKind.ACCEPT_STATE, bytes(16), datetime.now(UTC), "", facts, "the disk was replaced"
    )
    path.write_bytes(render_order(made))
    return path


def sign(order: Path, keys: Path, name: str, *options: str) -> Ran:
    return dxnode("order", "sign", order, "--key", keys / f"{name}.key", *options, stdin=f"{WORDS[name]}\n")


def test_officer_sees_what_is_decided_before_it_is_signed(order: Path, keys: Path) -> None:
    ran = sign(order, keys, "li")
    assert ran.code == 0, ran.err
    shown, signed = ran.out.index("goes on from an older state"), ran.out.index("li has signed")
    assert shown < signed
    assert "the disk was replaced" in ran.out
    assert "150" in ran.out
    assert "next officer" in ran.err


def test_both_officers_sign_one_file_and_nobody_twice(order: Path, keys: Path) -> None:
    assert sign(order, keys, "li").code == 0
    assert sign(order, keys, "wang").code == 0
    assert order.read_bytes().count("—".encode()) == 2
    again = sign(order, keys, "li")
    assert again.code == Exit.USAGE
    assert "has signed it already" in again.err


def test_wrong_passphrase_leaves_the_file_as_it_was(order: Path, keys: Path) -> None:
    before = order.read_bytes()
    ran = dxnode("order", "sign", order, "--key", keys / "li.key", stdin="not the words at all\n")
    assert ran.code != 0
    assert order.read_bytes() == before


def test_order_is_shown_in_chinese_and_as_json(order: Path) -> None:
    chinese = dxnode("order", "show", order, "--lang", "zh")
    assert "处置决定" in chinese.out
    shown = dxnode("order", "show", order, "--json")
    assert json.loads(shown.out)["facts"] == {"own_size": "100", "seen_size": "150"}


def test_unsigned_order_is_not_sent_to_the_node(order: Path) -> None:
    ran = dxnode("order", "apply", order, "--desk", "unix:/nowhere/at/all")
    assert ran.code == Exit.USAGE
    assert "dxnode order sign" in ran.err


@pytest.mark.parametrize("content", [b"", b"hello", b"{}\n"])
def test_file_that_is_no_order_is_told_so(order: Path, content: bytes) -> None:
    order.write_bytes(content)
    ran = dxnode("order", "show", order)
    assert ran.code == Exit.USAGE
    assert "the order is refused" in ran.err
    assert "处置决定" in dxnode("order", "show", order, "--lang", "zh").err

"""Orders: what is signed is one text, by people the directory lists, each counted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.bundles import LI, WANG, ZHAO, head, listed, officer
from support.town import HR, TAX

from node.core.directory.directory import Member
from node.core.directory.spelling import SealingKey
from node.core.state.order import (
    LIFETIME,
    Order,
    OrderKind,
    check_order,
    make_order,
    order_digest,
    parse_order,
    render_order,
)
from node.documents.order_file import open_order, read_order, sign_order, signed_order
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
FACTS = {"own_size": "100", "seen_size": "150"}


def order(**changes: object) -> Order:
    made = make_order(HR, OrderKind.ACCEPT_STATE, bytes(16), NOW, "", FACTS, "the disk was replaced")
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def member() -> Member:
    key = "x+0123456789abcdef+2026-01-01T00:00:00Z+2027-01-01T00:00:00Z+AA=="
    bare = Member(
        code=HR,
        title="human resources",
        region="441900",
        level="city",
        organisation="city",
        roles=(),
        endpoint="127.0.0.1:1",
        certificates=(),
        tls_roots="",
        sealing_keys=(SealingKey(key, "0123456789abcdef", NOW, NOW + timedelta(days=1)),),
        log_keys=(),
        cosign_keys=(),
        suspended=False,
    )
    return listed(bare)


def refused(work: object, *given: object) -> str:
    with pytest.raises(NodeError) as error:
        work(*given)  # type: ignore[operator]
    assert error.value.reason is Reason.CONFIG_INVALID
    return error.value.message


def test_order_signed_by_two_officers_is_opened_with_their_names(member: Member) -> None:
    text = render_order(order())
    signed = open_order(sign_order(sign_order(text, LI), WANG), member)
    assert signed.order == order()
    assert signed.approved == ("li", "wang")
    assert signed.digest == order_digest(text)


def test_order_of_one_officer_is_not_enough_however_often_it_is_signed(member: Member) -> None:
    once = sign_order(render_order(order()), LI)
    assert "signed by li" in refused(open_order, once, member)
    assert "already" in refused(sign_order, once, LI)
    second_key = officer("li", key="second")
    both = listed(member, LI, second_key, WANG)
    assert "signed by li" in refused(open_order, sign_order(once, second_key), both)


def test_keys_of_heads_of_other_departments_and_of_who_left_do_not_count(member: Member) -> None:
    text = render_order(order())
    assert "no officer's key" in refused(sign_order, text, head("li"))
    assert "no officer's key" in refused(sign_order, text, officer("li", TAX))
    signed = sign_order(sign_order(text, LI), ZHAO)
    assert signed_order(signed, listed(member, LI, WANG)).approved == ("li",)
    refused(open_order, signed, listed(member, LI, WANG))


def test_every_changed_byte_of_a_signed_order_is_refused(member: Member) -> None:
    note = sign_order(sign_order(render_order(order()), LI), WANG)
    for place in range(len(note)):
        changed = note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :]
        with pytest.raises(NodeError):
            assert open_order(changed, member).approved != ("li", "wang")


def test_unsigned_order_can_be_read_but_not_opened(member: Member) -> None:
    text = render_order(order())
    assert read_order(text) == order()
    refused(open_order, text, member)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        render_order(order()) + b"\n",
        render_order(order()).replace(b"dxnode/order/1", b"dxnode/order/2"),
        render_order(order()).replace(b"accept-state", b"accept-all"),
        render_order(order(expires=NOW + LIFETIME + timedelta(seconds=1))),
        render_order(order(expires=NOW)),
        render_order(order(facts={"Own Size": "1"})),
        render_order(order(reason="two\nlines")),
        b" " * 70_000,
    ],
)
def test_order_in_another_form_is_refused(body: bytes) -> None:
    refused(parse_order, body)


def test_reason_with_an_identity_number_is_refused() -> None:
    given = "for 11010519491231002X"
    told = refused(make_order, HR, OrderKind.ACCEPT_STATE, bytes(16), NOW, "", FACTS, given)
    assert "11010519491231002X" not in told


@pytest.mark.parametrize(
    ("department", "facts", "now", "why"),
    [
        (TAX, FACTS, NOW, "another department"),
        (HR, FACTS, NOW + LIFETIME, "it is valid from"),
        (HR, FACTS, NOW - timedelta(seconds=1), "it is valid from"),
        (HR, {**FACTS, "own_size": "101"}, NOW, "(own_size)"),
        (HR, {"own_size": "100"}, NOW, "(seen_size)"),
        (HR, {**FACTS, "more": "1"}, NOW, "(more)"),
    ],
)
def test_order_counts_for_its_department_in_its_time_and_while_its_facts_hold(
    department: str, facts: Mapping[str, str], now: datetime, why: str
) -> None:
    check_order(order(), HR, FACTS, NOW)
    assert why in refused(check_order, order(), department, facts, now)


def test_order_that_sets_the_clock_does_not_depend_on_the_clock() -> None:
    check_order(order(kind=OrderKind.ACCEPT_CLOCK), HR, FACTS, NOW + timedelta(days=400))

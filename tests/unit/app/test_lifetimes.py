"""Of each key and certificate it is known when it ends; what ended or ends soon is told, with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from node.app.lifetimes import DESK, DESK_ROOTS, EXCHANGE, Lifetime, Shown, endings, lifetimes
from node.core.directory.directory import next_directory
from node.core.state.part import PartKind
from node.crypto.certificates import issue_desk, issue_node, make_authority
from node.documents.keys import KeyUse, generate
from node.texts.wording import say

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
CODE = "11441900000000019Y"


def life(use: str, days: float, key_id: str = "0123") -> Lifetime:
    return Lifetime(use, key_id, NOW + days * DAY)


def test_every_key_certificate_and_the_directory_is_listed_with_its_end() -> None:
    authority = make_authority("authority", NOW, 100 * DAY)
    keys = [generate(use, NOW, NOW + 10 * DAY, bytes) for use in KeyUse if use is not KeyUse.DIRECTORY]
    shown = Shown(
        issue_node(authority, CODE, [], NOW, 7 * DAY).certificate + authority.certificate,
        authority.certificate,
        issue_desk(authority, "desk", [], NOW, 8 * DAY).certificate,
        authority.certificate,
    )
    directory = next_directory(None, (), NOW, 9 * DAY)
    found = [(each.use, (each.ends - NOW).days) for each in lifetimes(keys, shown, directory)]
    assert found == [
        *((key.use, 10) for key in keys),
        *(("exchange-tls", 7), ("exchange-tls", 100), ("exchange-roots", 100)),
        *(("desk-tls", 8), ("desk-roots", 100)),
        ("directory", 9),
    ]


@pytest.mark.parametrize(
    ("days", "over"), [(-1, [True]), (0, [True]), (0.5, [False]), (30, [False]), (30.5, []), (365, [])]
)
def test_thirty_days_before_the_end_it_is_told(days: float, over: list[bool]) -> None:
    assert [each.over for each in endings([life(DESK, days)], NOW)] == over


def test_a_key_with_a_successor_may_end_in_silence() -> None:
    assert endings([life("sealing", -5), life("sealing", 3), life("sealing", 170)], NOW) == []
    assert endings([life(DESK_ROOTS, 2), life(DESK_ROOTS, 400)], NOW) == []


def test_of_a_chain_the_first_end_is_the_end() -> None:
    (found,) = endings([life(EXCHANGE, 300), life(EXCHANGE, 5, "4567")], NOW)
    assert "4567" in say(found.said)


@pytest.mark.parametrize(
    ("use", "part"),
    [
        (EXCHANGE, PartKind.EXCHANGE_CERTIFICATE),
        (DESK_ROOTS, PartKind.DESK_CERTIFICATE),
        ("log", PartKind.KEYS),
        ("directory", PartKind.DIRECTORY),
    ],
)
def test_what_ended_is_a_problem_of_its_part(use: str, part: PartKind) -> None:
    assert [each.part.kind for each in endings([life(use, -1)], NOW)] == [part]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("days", [-1, 12])
@pytest.mark.parametrize("use", [*(use for use in KeyUse), EXCHANGE, "exchange-roots", DESK, DESK_ROOTS])
def test_what_ends_is_told_with_what_to_do(use: str, days: int, lang: str) -> None:
    (found,) = endings([life(use, days)], NOW)
    said = say(found.said, lang)
    assert not said.startswith("state.")
    assert use == "directory" or "0123" in said
    if use in ("sealing", "log", "cosign", "data"):
        assert f"`dxnode pki rotate {use}`" in said
    if use == DESK_ROOTS:
        assert "`dxnode pki rotate desk-authority`" in said
    if use == DESK:
        assert "`dxnode pki rotate desk`" in said

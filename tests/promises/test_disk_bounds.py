"""What an exchange, a denial and a refusal write at most, on each side: the table of docs/design/bounds.md.

Each is made as long as it can be, several times over, and the growth of the database is compared with what
the table says, its journal worked into it.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from support.places import ROOT
from support.running import pension_policy, resident
from support.small_log import Clock
from support.two_sides import CALLER, Side, TwoSides, query

from node.core.identity import check_character
from node.core.log.kept_receipt import MAX_OWN, MAX_SHARED, SIGNATURE
from node.core.log.usage import MAX_INTENT_BYTES, Parties, verdict_record
from node.core.messages.taken import MAX_AMOUNT, MAX_CHARGES, check_verdict
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import attempt
from node.exchange.provider import DENIAL_BYTES
from node.exchange.refusals import Refusals
from node.v1 import record_pb2 as rec

TABLE = ROOT / "docs" / "design" / "bounds.md"
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \|")
BOUND = re.compile(r"([0-9,]+) bytes(?: and ([0-9,]+) a subject)?")
LONG = "d" * 64
"""The longest name of a dataset, a rule or a question."""
WIDE = "\U0001f600"
"""A character of four bytes."""
TIMES = 12


@dataclass(frozen=True, slots=True)
class Bound:
    """Bytes for an exchange, and for each of its subjects."""

    whole: int
    subject: int

    def of(self, subjects: int) -> int:
        """Bytes for an exchange about so many."""
        return self.whole + self.subject * subjects


def _bound(cell: str) -> Bound:
    found = BOUND.match(cell)
    assert found is not None, f"{cell} is no bound"
    whole, subject = (int((text or "0").replace(",", "")) for text in found.groups())
    return Bound(whole, subject)


def bounds(what: str) -> tuple[Bound, Bound]:
    """What a row of the table says for the provider and for the requester."""
    for line in TABLE.read_text("utf-8").splitlines():
        row = ROW.match(line)
        if row is not None and row[1] == what:
            return _bound(row[2]), _bound(row[3])
    raise AssertionError(f"the table has no row for {what}")


def _policy() -> str:
    """Every name as long as a name can be."""
    text = pension_policy(dataset="1000", organisation="1000", requester="1000")
    text = text.replace("dataset: pension-insurance", f"dataset: {LONG}").replace("tax-deferral", LONG)
    return text.replace("name-matches", LONG).replace(
        "wrong_tries_per_subject: 3", "wrong_tries_per_subject: 100"
    )


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path, _policy())
    questions = sides.grant.questions | {LONG}
    wider = replace(sides.grant, dataset=LONG, questions=questions)
    sides.grants[wider.id], sides.received = wider, [wider]
    yield sides
    await sides.close()


def size(side: Side) -> int:
    """Bytes of a database, its journal worked into it."""
    with side.store._engine.connect() as connection:
        connection = connection.execution_options(readonly=True)
        pages, page = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size")
        )
    return int(pages or 0) * int(page or 0)


async def grown(
    sides: TwoSides, work: Callable[[], Awaitable[object]], times: int = TIMES
) -> tuple[float, float]:
    """Bytes that one `work` adds at the provider and at the requester."""
    await work()
    before = size(sides.hr), size(sides.tax)
    for _ in range(times):
        await work()
    return (size(sides.hr) - before[0]) / times, (size(sides.tax) - before[1]) / times


def check(what: str, subjects: int, found: tuple[float, float]) -> None:
    provider, requester = bounds(what)
    assert found[0] <= provider.of(subjects), f"{what} at the provider: {found[0]:,.0f} bytes"
    assert found[1] <= requester.of(subjects), f"{what} at the requester: {found[1]:,.0f} bytes"


async def ask(sides: TwoSides, question: str, subjects: int, claims: dict[str, str]) -> object:
    asked = replace(query(question), dataset=LONG, case_number=WIDE * 64)
    keys = [SubjectKey(resident(n % 900), claims) for n in range(subjects)]
    return await sides.requester.ask(CALLER, asked, keys, os.urandom(16))


def person(number: int) -> str:
    """Another valid identity number for each number."""
    body = f"4419001980{1 + number // 28000:02}{1 + number // 1000 % 28:02}{number % 1000:03}"
    return body + check_character(body)


def _fails() -> None:
    raise NodeError(Reason.SOURCE_UNAVAILABLE, "gone")


async def denied(work: Awaitable[object], *reasons: Reason) -> None:
    with pytest.raises(NodeError) as said:
        await work
    assert said.value.reason in reasons


@pytest.mark.parametrize("subjects", [1, 1000])
async def test_answered_claims_as_long_as_they_can_be(sides: TwoSides, subjects: int) -> None:
    claims = {"name": WIDE * 200}
    found = await grown(sides, lambda: ask(sides, LONG, subjects, claims), 4 if subjects > 1 else TIMES)
    check("an exchange with an answer", subjects, found)


@pytest.mark.parametrize("subjects", [1, 200])
async def test_values_as_long_as_they_can_be(
    sides: TwoSides, subjects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides.register, "field", lambda *asked: [WIDE * 1000] * len(asked[3]))
    found = await grown(sides, lambda: ask(sides, "contribution-band", subjects, {}))
    check("an exchange with an answer", subjects, found)


@pytest.mark.parametrize("subjects", [1, 1000])
async def test_denials(sides: TwoSides, subjects: int) -> None:
    sides.denials.burst, sides.denials._buckets = 1e9, {}
    sides.grants.clear()

    async def refuse() -> None:
        await denied(ask(sides, LONG, subjects, {"name": WIDE * 200}), Reason.NO_GRANT)

    check("a denial", subjects, await grown(sides, refuse, 4 if subjects > 1 else TIMES))


@pytest.mark.parametrize("subjects", [1, 1000])
async def test_denials_for_a_source_that_fails(sides: TwoSides, subjects: int) -> None:
    """Each about other people: what asking about one of them costs is charged all the same."""
    sides.denials.burst, sides.denials._buckets = 1e9, {}
    sides.register.before = _fails
    people = map(person, count())

    async def refuse() -> None:
        keys = [SubjectKey(next(people), {"name": WIDE * 200}) for _ in range(subjects)]
        asked = replace(query(LONG), dataset=LONG, case_number=WIDE * 64)
        await denied(sides.requester.ask(CALLER, asked, keys, os.urandom(16)), Reason.SOURCE_UNAVAILABLE)

    times = 4 if subjects > 1 else TIMES
    found = await grown(sides, refuse, times)
    check("a denial for a data source that fails", subjects, found)
    if subjects > 1:
        # They are counted by what they take, so that the rate of denials bounds the disk.
        spent = 1e9 - sides.denials._buckets[sides.tax.member.code].tokens
        assert spent * DENIAL_BYTES >= found[0] * (times + 1)


@pytest.mark.parametrize("subjects", [1, 1000])
async def test_requests_without_an_answer(sides: TwoSides, subjects: int) -> None:
    """What was sent is kept for its day, padded as it was: no provider has a part in it."""
    sides.wire.lose_request = NodeError(Reason.PEER_UNAVAILABLE, "gone")

    async def lose() -> None:
        await denied(ask(sides, LONG, subjects, {"name": WIDE * 200}), Reason.PEER_UNAVAILABLE)

    check("a request without an answer", subjects, await grown(sides, lose, 4 if subjects > 1 else TIMES))


async def test_refusals(sides: TwoSides) -> None:
    """The first of a kind and interval have a record each; those of the own desk say what was attempted."""
    clock = Clock(sides.clock.now)
    at_provider = Refusals(sides.hr.member.code, sides.hr.commit, clock)
    at_desk = Refusals(sides.tax.member.code, sides.tax.commit, clock)
    text = WIDE * 200
    tried = attempt(CALLER, replace(query(text, text), dataset=text, case_number=text))

    async def refuse() -> None:
        await at_provider.note("x" * 18, Reason.ENVELOPE_INVALID)
        await at_provider.flush()
        await at_desk.note_attempt(text, Reason.QUESTION_NOT_ALLOWED, tried)
        await at_desk.flush()

    check("a refusal", 0, await grown(sides, refuse, 50))


def _longest_verdict() -> bytes:
    """The record of the longest verdict that a requester takes, but for the intent that it repeats."""
    scopes = (f"{'w' * 32}.{letter * 32}" for letter in "abcdefgh"[:MAX_CHARGES])
    verdict = rec.Verdict(
        intent=b"-",
        requester_log=rec.LogPosition(index=2**64 - 2, size=2**64 - 1, root=bytes(32)),
        decision=rec.DECISION_PERMIT,
        rule=LONG,
        policy_digest=bytes(32),
        charges=[rec.Charge(scope=scope, amount=MAX_AMOUNT) for scope in scopes],
        load=rec.DataLoad(number=MAX_AMOUNT, time_ms=MAX_AMOUNT),
        answer_commitment=bytes(32),
    )
    check_verdict(verdict)
    return verdict_record(2**53, Parties("x" * 18, "x" * 18, bytes(16)), verdict)


def test_parts_add_up_to_what_the_table_says() -> None:
    """The longest log of another department, and texts longer than any that a test can make."""
    assert len(_longest_verdict()) <= 1024
    record = MAX_INTENT_BYTES + 1024
    proof = SIGNATURE + MAX_OWN + MAX_SHARED
    for what in ("an exchange with an answer", "a denial", "a denial for a data source that fails"):
        provider, requester = bounds(what)
        assert record + proof <= provider.whole
        # Intent and outcome; of the verdict what it says beside the intent.
        assert record + proof <= requester.whole

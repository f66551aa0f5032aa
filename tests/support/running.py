"""Runs nodes of a test town inside this process, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from support.places import POLICIES
from support.town import HR, MEDICAL, TAX, Office, Town
from support.waiting import PATIENCE, wait_for

from node.app.node import Node
from node.app.timekeeping import read_clocks
from node.client.client import Client
from node.client.desk_tls import Credentials
from node.core.clock import Reading
from node.core.deciding.grant import Grant, GrantState
from node.core.identity import check_character
from node.core.log.usage import parse_record
from node.core.policy.question_kind import QuestionKind
from node.v1 import record_pb2 as rec

T = TypeVar("T")

PENSION = f"{HR}/pension-insurance"
ENROLLED = f"{PENSION}/is-enrolled"
BAND = f"{PENSION}/contribution-band"
BY_REGION = f"{PENSION}/enrolled-by-region"
DEFERRAL = "social-insurance/pension/deferral"
PLANNING = "city-planning/population"
CASE = "DG-2026-000123"


def resident(number: int) -> str:
    """A valid identity number; numbers from 500 on are of nobody in the town's register."""
    body = f"44190019800101{number:03d}"
    return body + check_character(body)


def kind_of(question: str) -> QuestionKind:
    """The kind of a question of the pension policy, or of one that a test added."""
    if question == "contribution-band":
        return QuestionKind.FIELD
    counted = question == "enrolled-by-region" or question.startswith("count")
    return QuestionKind.STATISTIC if counted else QuestionKind.VERIFY


def register(people: int = 500) -> str:
    """A pension register: the even ones are active; months paid are the number."""
    rows = ["resident_id,name,status,months_paid,region"]
    for number in range(people):
        status = "active" if number % 2 == 0 else "ended"
        rows.append(f"{resident(number)},张三{number},{status},{number},441900003")
    return "\n".join(rows) + "\n"


def pension_grant(requester: str = TAX, **changes: object) -> Grant:
    """An application for everything that the pension policy has, valid for a day."""
    now = datetime.now(UTC)
    values: dict[str, object] = {
        "id": "",
        "provider": HR,
        "requester": requester,
        "dataset": "pension-insurance",
        "questions": frozenset(
            {"is-enrolled", "months-at-least", "name-matches", "contribution-band", "enrolled-by-region"}
        ),
        "purposes": ("social-insurance/pension", "city-planning"),
        "region": "",
        "subjects_per_day": 0,
        "valid_from": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=1),
        "state": GrantState.ACTIVE,
        "basis": "Decree 809, Art. 20",
        "scenario": "tax window",
        "note": "",
    }
    return Grant(**{**values, **changes})  # type: ignore[arg-type]


def pension_policy(**changes: str) -> str:
    """The example policy with some of its texts changed, and room for many questions about one subject.

    Keys are `per_day`, `per_subject_per_day`, `dataset`, `organisation` and `requester` (budgets).
    """
    text = (POLICIES / "pension-insurance.yaml").read_text()
    values = {"per_day": "50000", "per_subject_per_day": "1000"} | changes
    limits = "per_day: {per_day}, per_subject_per_day: {per_subject_per_day}".format_map(values)
    text = text.replace("per_day: 50000, per_subject_per_day: 10", limits)
    for scope, usual in (("dataset", "10"), ("organisation", "5"), ("requester", "2.5")):
        if scope in changes:
            text = text.replace(f"{scope}: {usual}", f"{scope}: {changes[scope]}", 1)
    return text


def with_counts(policy: str, names: Sequence[str]) -> str:
    """A pension policy with these statistics more, each another one, at half an epsilon."""
    price = "unit_contributes: 1, epsilon: 0.5"
    questions = "".join(
        f"  {name}: {{title: t, title_en: t, statistic: count, where: months_paid >= {number}, {price}}}\n"
        for number, name in enumerate(names)
    )
    policy = policy.replace("\nrules:", f"{questions}\nrules:", 1)
    return policy.replace("allow: [enrolled-by-region]", f"allow: [enrolled-by-region, {', '.join(names)}]")


def pension_town(folder: Path, policy: str = "", extra: str = "", unsigned: bool = True) -> Town:
    """Human resources provides the register, the tax office and medical insurance ask.

    `policy` takes the place of `pension_policy()`; `extra` is added to every node.yaml. Without `unsigned`,
    what is provided has to be signed and put in place first.
    """
    town = Town(folder)
    changed = folder / "pension-insurance.yaml"
    changed.write_text(policy or pension_policy())
    files = [POLICIES / "definitions.yaml", changed]
    town.add(HR, {"pension-insurance": register()}, files, extra=extra, unsigned=unsigned)
    for code in (TAX, MEDICAL):
        town.add(code, extra=extra)
    town.publish()
    return town


class Running:
    """Nodes that run in this process. Every method may be called from the test's thread."""

    def __init__(self, town: Town, clock: Callable[[], Reading] = read_clocks) -> None:
        self.town = town
        self.nodes: dict[str, Node] = {}
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, *codes: str) -> None:
        """Start the nodes of these departments."""
        for code in codes:
            self.nodes[code] = self.call(self._start(self.town.offices[code]))

    def stop(self, code: str) -> None:
        """Drain one node."""
        self.call(self.nodes.pop(code).stop())

    def close(self) -> None:
        """Stop what runs."""
        for code in list(self.nodes):
            self.stop(code)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[object, object, T], timeout: float = PATIENCE) -> T:
        """Run a coroutine on the nodes' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def operator(self, code: str, timeout: float = PATIENCE) -> Client:
        """A client on the Unix socket."""
        return Client(f"unix:{self.town.offices[code].socket}", timeout=timeout)

    def user(self, code: str, role: str, timeout: float = PATIENCE) -> Client:
        """A client on the desk port, with a certificate of the department that carries `role`."""
        office = self.town.offices[code]
        folder = office.desk_user(role)
        credentials = Credentials(folder / "cert.pem", folder / "key.pem", folder / "roots.pem")
        return Client(f"127.0.0.1:{office.desk_port}", credentials, timeout=timeout)

    def grant(self, grant: Grant | None = None) -> Grant:
        """Issue a grant at its provider, and let the requester fetch it."""
        wanted = grant or pension_grant()
        with self.operator(wanted.provider) as provider:
            issued = provider.admin.issue_grant(wanted)
        with self.operator(wanted.requester) as requester:
            requester.grants(refresh=True)
        return issued

    def records(self, code: str) -> list[rec.UsageRecord]:
        """The usage log of a department, through its desk."""
        with self.operator(code) as client:
            return [parse_record(record.leaf) for record in client.log.records()]

    def leaves(self, code: str) -> list[bytes]:
        """The leaves of a department's usage log."""
        with self.operator(code) as client:
            return [record.leaf for record in client.log.records()]

    async def _start(self, office: Office) -> Node:
        node = Node(office.config, clock=self._clock)
        await node.start()
        return node


@contextmanager
def running(town: Town, *codes: str) -> Iterator[Running]:
    """The nodes of these departments, until the end of the block."""
    nodes = Running(town)
    try:
        nodes.start(*(codes or town.offices))
        yield nodes
    finally:
        nodes.close()


@contextmanager
def traffic(nodes: Running) -> Iterator[Callable[[], int]]:
    """The tax office asks all the time, as `asking`."""
    with nodes.operator(TAX) as tax, asking(tax) as answered:
        yield answered


@contextmanager
def asking(client: Client) -> Iterator[Callable[[], int]]:
    """Ask all the time; every question has to be answered rightly. Gives how many were, so far."""
    stop = threading.Event()
    answered: list[bool] = []
    failed: list[BaseException] = []

    def ask() -> None:
        number = 0
        while not stop.is_set():
            number = (number + 1) % 400
            try:
                said = client.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer
                answered.append(said is (number % 2 == 0))
            except BaseException as error:
                failed.append(error)
                return

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        yield lambda: len(answered)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert failed == []
    assert all(answered)


def goes_on(answered: Callable[[], int]) -> None:
    """Wait until more questions are answered."""
    enough = answered() + 20
    wait_for(lambda: answered() >= enough)


def bodies(records: Sequence[rec.UsageRecord]) -> list[str | None]:
    """What each record is."""
    return [record.WhichOneof("body") for record in records]


def as_is(body: bytes) -> bytes:
    """For a channel on which a test sends and receives plain bytes."""
    return body

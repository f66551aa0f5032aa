"""Whatever happens to two nodes, in whatever order: no use without evidence, no privacy without a charge.

`tests/support/two_nodes.py` has what can happen, and what is checked after each step.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.town import HR, TAX
from support.two_nodes import PERIODS, World

from node.app.live.budget_accounts import Accounts
from node.core.clock import agreed
from node.errors import NodeError
from node.exchange import computing, node_clock, own_state

SUBJECTS = st.integers(0, 5)
NODES = st.sampled_from([HR, TAX])
TURNS = st.integers(0, 7)
USUAL = settings(
    max_examples=5,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
LONGER = settings(USUAL, max_examples=12, stateful_step_count=40)
LOST = "privacy was lost|a charge was|decided twice|one answer too many"


class TwoNodes(RuleBasedStateMachine):
    """What happens to the two; the checks of `World` hold after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="two-nodes-"))
        self.world = World(self.folder)

    def teardown(self) -> None:
        self.world.close()
        shutil.rmtree(self.folder)

    @invariant()
    def all_holds(self) -> None:
        self.world.check()

    @rule(number=SUBJECTS)
    def ask(self, number: int) -> None:
        self.world.ask(number)

    @rule(turn=TURNS)
    def ask_again(self, turn: int) -> None:
        self.world.ask_again(turn)

    @rule(numbers=st.lists(SUBJECTS, min_size=1, max_size=4))
    def batch(self, numbers: list[int]) -> None:
        self.world.batch(numbers)

    @rule()
    def statistic(self) -> None:
        self.world.statistic()

    @rule(code=NODES)
    def crash(self, code: str) -> None:
        self.world.crash(code)

    @rule(number=SUBJECTS, code=NODES)
    def crash_while_asking(self, number: int, code: str) -> None:
        self.world.ask_while_it_falls(number, code)

    @rule(turn=TURNS)
    def send_again(self, turn: int) -> None:
        self.world.send_again(turn)

    @rule(code=NODES)
    def keep(self, code: str) -> None:
        self.world.keep(code)

    @rule(code=NODES, parts=st.sampled_from([("state",), ("state", "mark")]))
    def put_back(self, code: str, parts: tuple[str, ...]) -> None:
        self.world.put_back(code, parts)

    @rule(number=SUBJECTS)
    def fork(self, number: int) -> None:
        self.world.fork(number)

    @rule(code=NODES, days=st.sampled_from([-400, -2, 0, 0, 2, 400]))
    def move_clock(self, code: str, days: int) -> None:
        self.world.move_clock(code, timedelta(days=days))

    @rule(code=NODES, use=st.sampled_from(["data", "log", "sealing"]))
    def rotate(self, code: str, use: str) -> None:
        self.world.rotate(code, use)

    @rule(number=SUBJECTS)
    def ask_while_suspended(self, number: int) -> None:
        self.world.ask_while_suspended(number)

    @rule(number=SUBJECTS)
    def ask_without_grant(self, number: int) -> None:
        self.world.ask_without_grant(number)

    @rule()
    def load_anew(self) -> None:
        self.world.load_anew()

    @rule(period=st.sampled_from(PERIODS), account=st.sampled_from(["pension-insurance", "other"]))
    def change_policy(self, period: str, account: str) -> None:
        self.world.change_policy(period, account)

    @rule()
    def decide(self) -> None:
        self.world.decide()

    @rule()
    def open_budget(self) -> None:
        self.world.open_budget()


@pytest.mark.slow("each step of two nodes writes and reads both logs")
def test_whatever_happens_to_two_nodes_their_promises_hold() -> None:
    run_state_machine_as_test(TwoNodes, settings=USUAL)


@pytest.mark.full("many steps take minutes")
@pytest.mark.timeout(1200)
def test_whatever_happens_for_long_to_two_nodes_their_promises_hold() -> None:
    run_state_machine_as_test(TwoNodes, settings=LONGER)


Patches = Sequence[tuple[object, str, object]]
DEFENCES: dict[str, tuple[Patches, str]] = {
    "balances are read before a count": ([(computing, "short_before", lambda *_: None)], "not paid for"),
    "a state that is put back is noticed": ([(own_state, "is_news", lambda *_, **__: False)], LOST),
    "a clock that jumps is not believed": (
        [
            (node_clock, "looked", lambda _clock, reading, _bounds: agreed(reading)),
            (node_clock, "started", lambda reading, *_: agreed(reading)),
        ],
        "another time|still to come",
    ),
    "accounts of one source count together": ([(Accounts, "keep", lambda *_: None)], LOST),
}


@pytest.mark.full("runs until something is found take minutes")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("defence", DEFENCES)
def test_defence_that_is_taken_out_is_missed(defence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the machine would not find what it is there for."""
    patches, found = DEFENCES[defence]
    for where, name, instead in patches:
        monkeypatch.setattr(where, name, instead)
    looking = settings(USUAL, max_examples=300, stateful_step_count=25, report_multiple_bugs=False)
    with pytest.raises((AssertionError, NodeError), match=found):
        run_state_machine_as_test(TwoNodes, settings=looking)

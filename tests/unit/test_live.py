"""Claims about what a node reads again: of two reloads at once, none puts back what the other replaced."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from running import pension_policy, pension_town
from town import HR

from node.config_file import load_settings
from node.live import Live

SECONDS = 20.0


class Facts:
    """The memory of a node, without a database."""

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}

    def fact(self, name: str) -> str | None:
        return self._facts.get(name)

    def set_fact(self, name: str, value: str) -> None:
        self._facts[name] = value


class HeldClock:
    """Holds the thread of that name where it looks at the clock for its keys, with the policies read."""

    def __init__(self, held: str) -> None:
        self._held = held
        self._looks = 0
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> datetime:
        if threading.current_thread().name == self._held:
            self._looks += 1
            if self._looks == 2:  # the first look is for the directory
                self.reached.set()
                assert self.go_on.wait(SECONDS)
        return datetime.now(UTC)


@pytest.mark.timeout(60)
def test_reload_that_began_earlier_does_not_put_back_old_policies(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    clock = HeldClock("early")
    live = Live(office.config, load_settings(office.config), Facts(), clock, os.urandom)
    before = live.policy_digest()
    early = threading.Thread(target=live.reload, name="early")
    early.start()
    assert clock.reached.wait(SECONDS)
    (office.folder / "policies" / "pension-insurance.yaml").write_text(pension_policy(per_day="7"))
    late = threading.Thread(target=live.reload, name="late")
    late.start()
    late.join(1.0)  # it may have to wait for the early one
    clock.go_on.set()
    early.join(SECONDS)
    late.join(SECONDS)
    assert live.policy_digest() != before
    assert live.reload().refused == ()

"""Claims about what a node reads again: of two reloads at once, none puts back what the other replaced."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.remembered import Remembered
from support.running import pension_policy, pension_town
from support.told import english
from support.town import HR
from support.waiting import PATIENCE, join

from node.app.live.files import stamp
from node.app.live.imported import imported_folder
from node.app.live.live import Live
from node.config.file import load_settings
from node.core.revision import REVISION, mismatch
from node.core.state.part import Part, PartKind
from node.core.workdays import LAST_KNOWN_YEAR
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("data is built by processes of their own")


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
                assert self.go_on.wait(PATIENCE)
        return datetime.now(UTC)


def test_reload_that_began_earlier_does_not_put_back_old_policies(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    clock = HeldClock("early")
    live = Live(office.config, load_settings(office.config), Remembered(), clock, os.urandom)
    before = live.policy_digest()
    early = threading.Thread(target=live.reload, name="early")
    early.start()
    assert clock.reached.wait(PATIENCE)
    (office.folder / "policies" / "pension-insurance.yaml").write_text(pension_policy(per_day="7"))
    late = threading.Thread(target=live.reload, name="late")
    late.start()
    late.join(1.0)  # it may have to wait for the early one
    clock.go_on.set()
    join(early, late)
    assert live.policy_digest() != before
    assert live.reload().refused == ()


# Of a year whose holidays nobody knows, from a Monday on.
MONDAY = next(day for each in range(1, 8) if (day := date(LAST_KNOWN_YEAR + 1, 3, each)).weekday() == 0)
THURSDAY, FRIDAY = MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)
HOLIDAYS = f"days_off:\n  {MONDAY}/{THURSDAY}: 停工\n"


def test_holidays_are_read_again_and_the_last_good_ones_are_kept(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    file = office.folder / "holidays.yaml"
    file.write_text(HOLIDAYS, "utf-8")
    with office.config.open("a", encoding="utf-8") as config:
        config.write("holidays: holidays.yaml\n")
    settings = load_settings(office.config)
    live = Live(office.config, settings, Remembered(), lambda: datetime.now(UTC), os.urandom)
    before, mark = live.provider_state().calendar, stamp(office.config, settings)
    assert not before.on(THURSDAY).workday
    assert before.on(FRIDAY).workday
    file.write_text(HOLIDAYS.replace(str(THURSDAY), str(FRIDAY)), "utf-8")
    assert stamp(office.config, settings) != mark
    assert live.reload().refused == ()
    good = live.provider_state().calendar
    assert not good.on(FRIDAY).workday
    file.write_text(HOLIDAYS.replace(str(THURSDAY), f"{THURSDAY.year}-03-32"), "utf-8")
    (refused,) = live.reload().refused
    assert refused.part == Part(PartKind.HOLIDAYS)
    assert "holidays.yaml:2:3" in refused.message
    assert live.problems() == [refused]
    assert live.provider_state().calendar is good


def test_a_node_whose_holidays_were_never_good_starts_and_denies(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    with office.config.open("a", encoding="utf-8") as config:
        config.write("holidays: missing.yaml\n")
    settings = load_settings(office.config)
    live = Live(office.config, settings, Remembered(), lambda: datetime.now(UTC), os.urandom)
    with pytest.raises(NodeError) as caught:
        live.provider_state()
    assert caught.value.reason is Reason.POLICY_NOT_LOADED
    (problem,) = live.problems()
    assert problem.part == Part(PartKind.HOLIDAYS)
    assert "cannot be read" in problem.message
    (office.folder / "missing.yaml").write_text(HOLIDAYS, "utf-8")
    assert live.reload().refused == ()
    assert live.provider_state().calendar.holidays.digest


def test_an_imported_catalogue_that_leads_nowhere_stops_neither_start_nor_reload(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    settings = load_settings(office.config)
    folder = imported_folder(settings)
    folder.mkdir(parents=True)
    (folder / "gone.catalogue").symlink_to(tmp_path / "gone")
    live = Live(office.config, settings, Remembered(), lambda: datetime.now(UTC), os.urandom)
    (problem,) = live.problems()
    assert problem.part == Part(PartKind.IMPORTED)
    (refused,) = live.reload().refused
    assert "cannot be read" in refused.message
    assert live.provider_state().policies.datasets


def test_a_pipe_in_place_of_a_policy_holds_no_reload(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    live = Live(
        office.config, load_settings(office.config), Remembered(), lambda: datetime.now(UTC), os.urandom
    )
    before = live.policy_digest()
    os.mkfifo(office.folder / "policies" / "pipe.yaml")
    (refused,) = live.reload().refused
    assert "pipe.yaml: is not a file" in refused.message
    assert live.policy_digest() == before


def test_what_only_looks_like_a_policy_is_told_by_reload_and_status_and_stops_neither(tmp_path: Path) -> None:
    office = pension_town(tmp_path).offices[HR]
    live = Live(
        office.config, load_settings(office.config), Remembered(), lambda: datetime.now(UTC), os.urandom
    )
    assert live.notices() == []
    before, folder = live.policy_digest(), office.folder / "policies"
    (folder / "tax.yml").write_text("dataset: tax\n", "utf-8")
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / ".#pension.yaml").symlink_to("wang@desk.4242:1790000000")
    report = live.reload()
    assert report.refused == ()
    assert live.policy_digest() == before
    assert "2 files of the policy folder look like policies" in "".join(map(english, report.done))
    (notice,) = live.notices()
    assert "not read: gone.yaml, tax.yml;" in english(notice)
    (folder / "tax.yml").unlink()
    (folder / "gone.yaml").unlink()
    assert live.notices() == []
    assert "look like policies" not in "".join(map(english, live.reload().done))


def test_node_whose_entry_announces_another_revision_says_so(tmp_path: Path) -> None:
    town = pension_town(tmp_path)
    office = town.offices[HR]
    live = Live(
        office.config, load_settings(office.config), Remembered(), lambda: datetime.now(UTC), os.urandom
    )
    assert not any(problem.part.kind is PartKind.SCHEMA for problem in live.problems())
    town.publish(replace(town.member(HR), schema=REVISION + 1))
    live.reload()
    (problem,) = [each for each in live.problems() if each.part.kind is PartKind.SCHEMA]
    assert f"revision {REVISION + 1}" in problem.message
    assert "update it" in problem.message
    assert f"第 {REVISION + 1} 修订版" in problem.text("zh")
    assert live.revision(HR) == REVISION
    assert live.revision("nobody") == 1


def test_node_that_is_newer_than_its_entry_is_told_to_publish_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mismatch(REVISION) is None
    monkeypatch.setattr("node.core.revision.REVISION", 2)
    assert "`dxnode pki member`" in english(mismatch(1))

"""Claims about which policies a node enforces: the newest approved bundle, and never an older one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from support.approvals import appoint, approve
from support.bundles import DAY, LI, WANG, ZHAO, listed, sign_draft
from support.places import POLICIES
from support.remembered import Remembered
from support.running import pension_policy, register
from support.told import all_english
from support.town import HR, Office, Town
from support.waiting import join

from node.app.live.files import stamp
from node.app.live.live import Live
from node.app.live.opening import OpenSource, load_source
from node.app.live.policy_loading import placed_folder
from node.app.memory import NO_FLOORS, Floors
from node.config.file import load_settings
from node.core.policy.bundle import MANIFEST
from node.core.policy.policy import Policies
from node.core.state.part import PartKind
from node.crypto.signing import Signer
from node.documents.bundle_folder import ACTIVE, place, read_draft
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("data is built by processes of their own")


class Department:
    """A provider with officers, its memory and its clock."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder)
        changed = folder / "pension-insurance.yaml"
        changed.write_text(pension_policy())
        files = [POLICIES / "definitions.yaml", changed]
        self.office: Office = self.town.add(HR, {"pension-insurance": register(4)}, files, unsigned=False)
        self.town.publish(listed(self.town.member(HR)))
        appoint(self.town)
        self.settings = load_settings(self.office.config)
        self.facts = Remembered()
        self.ahead = timedelta()
        self.draft = self.office.folder / "policies"
        self.placed = placed_folder(self.settings)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def start(self, floors: Floors = NO_FLOORS) -> Live:
        return Live(self.office.config, self.settings, self.facts, self.now, os.urandom, floors)

    def forget(self) -> None:
        """The memory is put back to what it was before anything."""
        self.facts = Remembered()

    def activate(
        self,
        version: int,
        signers: Sequence[Signer] = (LI, WANG),
        start: datetime | None = None,
        end: datetime | None = None,
        retitled: bool = False,
    ) -> Path:
        """Sign the draft anew, with another limit in each version, and put it in place.

        A retitled dataset needs its source built again.
        """
        text = pension_policy(per_day=str(1000 + version))
        if retitled:
            text = text.replace("title: 参保状态", "title: 参保的状态")
        (self.draft / "pension-insurance.yaml").write_text(text)
        approve(self.draft)
        sign_draft(self.draft, version, signers, start, end)
        member = listed(self.town.member(HR), *set(signers))
        return place(self.placed, read_draft(self.draft, member), member)


@pytest.fixture
def hr(tmp_path: Path) -> Department:
    return Department(tmp_path)


@pytest.fixture
def live(hr: Department) -> Live:
    """Version 5 is in use."""
    hr.activate(5)
    live = hr.start()
    assert live.problems() == []
    return live


def version(live: Live) -> int:
    assert live.published is not None
    assert live.published.loaded.manifest is not None
    return live.published.loaded.manifest.version


def limit(policies: Policies) -> int:
    """The limit by which the versions of the draft differ."""
    limits = [rule.limits.per_day or 0 for rule in policies.datasets["pension-insurance"].rules]
    return next(each for each in limits if 1000 < each < 2000)


def refused(live: Live) -> str:
    """What a reload refuses: the policies, and it says so in status and health."""
    (said,) = [each for each in live.reload().refused if each.part.kind is PartKind.POLICIES]
    assert said in live.problems()
    assert not live.policies_good()
    return said.message


def test_bundle_that_is_older_than_the_mark_knows_is_not_used_though_the_memory_of_it_is_gone(
    hr: Department, live: Live
) -> None:
    directory = live.directory.version
    assert live.versions() == Floors(directory, 5)
    hr.forget()
    old = hr.start(Floors(directory, 6))
    assert old.published is None
    assert any("version 6 was already in use" in problem.message for problem in old.problems())
    assert old.versions() == Floors(directory, 6)
    hr.activate(6)
    assert version(hr.start(Floors(0, 6))) == 6
    # Nor is the last one of the memory, when the newest is bad.
    (hr.placed / ACTIVE).write_text("no bundle\n")
    assert hr.start(Floors(0, 7)).published is None
    assert version(hr.start(Floors(0, 6))) == 6


def test_directory_that_is_older_than_the_mark_knows_is_refused(hr: Department) -> None:
    hr.activate(5)
    newer = hr.start().directory.version + 1
    with pytest.raises(NodeError) as refused:
        hr.start(Floors(newer, 0))
    assert refused.value.reason is Reason.DIRECTORY_INVALID
    hr.town.publish()
    assert hr.start(Floors(newer, 0)).versions() == Floors(newer, 5)


def test_approved_bundle_is_enforced_under_its_digest(hr: Department, live: Live) -> None:
    assert live.policies_good()
    assert version(live) == 5
    assert limit(live.policies) == 1005
    assert live.published is not None
    assert live.published.loaded.approved == ("li", "wang")
    assert live.provider_state().policies.digest == live.policy_digest()
    bundle = read_draft(hr.draft, hr.town.member(HR))
    assert live.policy_digest() == bundle.signed.digest


def test_a_bundle_in_use_is_verified_with_every_reload_but_built_once(hr: Department, live: Live) -> None:
    before = live.policies.datasets["pension-insurance"]
    assert live.reload().refused == ()
    assert live.policies.datasets["pension-insurance"] is before
    file = hr.placed / (hr.placed / ACTIVE).read_text().strip() / "pension-insurance.yaml"
    file.write_text(pension_policy(per_day="1777"))
    assert "is not the one that was signed" in refused(live)
    assert limit(live.policies) == 1005


def test_newer_bundle_takes_over_and_changes_what_is_watched(hr: Department, live: Live) -> None:
    before, digest = stamp(hr.office.config, hr.settings), live.policy_digest()
    hr.activate(6)
    assert stamp(hr.office.config, hr.settings) != before
    report = live.reload()
    assert report.refused == ()
    assert any("version 6, approved by li, wang" in line for line in all_english(report.done))
    assert (version(live), limit(live.policies)) == (6, 1006)
    assert live.policy_digest() != digest


def test_policies_in_the_folder_that_nobody_signed_are_not_enforced(hr: Department) -> None:
    live = hr.start()
    with pytest.raises(NodeError) as caught:
        live.provider_state()
    assert caught.value.reason is Reason.POLICY_NOT_LOADED
    assert "no policy bundle is in place" in live.problems()[0].message


def damage(hr: Department, folder: Path, how: str) -> None:
    match how:
        case "tampered":
            (folder / "pension-insurance.yaml").write_text(pension_policy(per_day="9"))
        case "missing":
            (folder / "definitions.yaml").unlink()
        case "extra":
            shutil.copy(POLICIES / "diploma.yaml", folder)
        case "cut":
            content = (folder / "pension-insurance.yaml").read_bytes()
            (folder / "pension-insurance.yaml").write_bytes(content[: len(content) // 2])
        case "no-manifest":
            (folder / MANIFEST).unlink()
        case "manifest-changed":
            note = (folder / MANIFEST).read_bytes()
            (folder / MANIFEST).write_bytes(note.replace(b'"version": 6', b'"version": 7'))
        case "mixed":
            shutil.copy(hr.draft / "pension-insurance.yaml", folder)
        case "no-folder":
            shutil.rmtree(folder)
        case "pointer":
            (hr.placed / ACTIVE).write_text("../../policies\n")


@pytest.mark.parametrize(
    "how",
    [
        "tampered",
        "missing",
        "extra",
        "cut",
        "no-manifest",
        "manifest-changed",
        "mixed",
        "no-folder",
        "pointer",
    ],
)
def test_bad_bundle_leaves_the_last_good_one_also_over_a_restart(
    hr: Department, live: Live, how: str
) -> None:
    folder = hr.activate(6)
    (hr.draft / "pension-insurance.yaml").write_text(pension_policy(per_day="7"))
    damage(hr, folder, how)
    refused(live)
    assert (version(live), limit(live.policies)) == (5, 1005)
    again = hr.start()
    assert (version(again), limit(again.policies)) == (5, 1005)
    assert not again.policies_good()
    assert again.problems()[0].part.kind is PartKind.POLICIES


@pytest.mark.parametrize("signers", [(LI,), (LI, LI)])
def test_bundle_of_one_officer_is_not_enforced(
    hr: Department, live: Live, signers: tuple[Signer, ...]
) -> None:
    folder = hr.activate(6)
    note = (folder / MANIFEST).read_bytes()
    lines = note.decode().splitlines(keepends=True)
    only = [line for line in lines if WANG.name not in line]
    (folder / MANIFEST).write_text("".join([*only, *(only[-1:] * (len(signers) - 1))]))
    assert "signed by li" in refused(live)
    assert version(live) == 5


def test_officer_whom_the_directory_does_not_list_does_not_count(hr: Department, live: Live) -> None:
    hr.town.publish(listed(hr.town.member(HR), LI, ZHAO))
    assert "signed by li" in refused(live)
    assert version(live) == 5  # until another is approved: what two officers approved stays
    hr.activate(6, (LI, ZHAO))
    assert live.reload().refused == ()
    assert version(live) == 6


def test_older_bundle_does_not_come_back_whatever_is_done_to_the_files(hr: Department, live: Live) -> None:
    old = (hr.placed / ACTIVE).read_text()
    hr.activate(6)
    assert live.reload().refused == ()
    (hr.placed / ACTIVE).write_text(old)
    assert "version 6 was already in use" in refused(live)
    assert version(live) == 6
    assert version(hr.start()) == 6
    shutil.rmtree(hr.placed)
    hr.activate(5)
    assert "version 6 was already in use" in refused(live)
    with pytest.raises(NodeError):
        hr.start().provider_state()


def test_second_bundle_of_the_same_version_is_refused(hr: Department, live: Live) -> None:
    shutil.rmtree(hr.placed)
    hr.activate(5, end=hr.now() + 9 * DAY)
    assert "another bundle of version 5" in refused(live)
    assert limit(live.policies) == 1005


def test_bundle_that_expires_in_use_decides_nothing_more(hr: Department) -> None:
    hr.activate(1, end=hr.now() + DAY)
    live = hr.start()
    live.provider_state()
    hr.ahead = DAY + timedelta(seconds=2)
    for act in (live.provider_state, lambda: live.policies):
        with pytest.raises(NodeError) as caught:
            act()
        assert caught.value.reason is Reason.POLICY_NOT_LOADED
    assert "it was valid until" in " ".join(all_english(live.problems()))
    assert not live.policies_good()


def test_bundle_that_is_not_valid_yet_waits_while_the_one_before_goes_on(hr: Department, live: Live) -> None:
    hr.activate(6, start=hr.now() + DAY)
    assert "still to come" in refused(live)
    assert version(live) == 5
    hr.ahead = DAY + timedelta(seconds=2)
    hr.town.publish()
    assert live.reload().refused == ()
    assert version(live) == 6


def test_clock_that_is_moved_back_brings_no_older_bundle_back(hr: Department) -> None:
    hr.activate(1, start=hr.now() - 9 * DAY, end=hr.now() + DAY)
    old = (hr.placed / ACTIVE).read_text()
    live = hr.start()
    hr.activate(2, start=hr.now() - timedelta(minutes=1))
    assert live.reload().refused == ()
    hr.ahead = -timedelta(minutes=2)
    with pytest.raises(NodeError):
        live.provider_state()
    (hr.placed / ACTIVE).write_text(old)
    assert "version 2 was already in use" in refused(live)
    with pytest.raises(NodeError):
        live.provider_state()


def test_bundle_that_cannot_be_remembered_is_not_used(hr: Department, live: Live) -> None:
    hr.activate(6)
    hr.facts.full = True
    assert "the disk is full" in refused(live)
    assert version(live) == 5
    hr.facts.full = False
    assert live.reload().refused == ()
    assert version(live) == 6


def test_unsigned_policies_are_enforced_with_the_switch_alone(hr: Department) -> None:
    config = hr.office.config
    config.write_text(config.read_text() + "policies: {unsigned: true}\n")
    live = Live(config, load_settings(config), hr.facts, hr.now, os.urandom)
    assert live.published is not None
    assert live.published.loaded.manifest is None
    assert any(line.endswith("unsigned") for line in all_english(live.reload().done))


def test_exchanges_go_on_under_the_bundle_before_until_the_sources_of_the_next_are_built(
    hr: Department, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[int] = []

    def build(*args: object) -> OpenSource:
        state = live.provider_state()
        decided.append(limit(state.policies))
        assert set(state.sources) == {"pension-insurance"}
        return load_source(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("node.app.live.sources.load_source", build)
    hr.activate(6, retitled=True)
    assert live.reload().refused == ()
    assert decided == [1005]
    assert limit(live.provider_state().policies) == 1006


def test_each_decision_is_made_by_one_bundle_or_the_other(hr: Department, live: Live) -> None:
    """While bundles replace each other, no state has the rules of one and the digest of another."""
    folders = [(hr.activate(version), version) for version in (6, 7)]
    known = {}
    for folder, number in folders:
        (hr.placed / ACTIVE).write_text(f"{folder.name}\n")
        assert live.reload().refused == ()
        known[live.policy_digest()] = 1000 + number
    mixed: list[object] = []
    ended = False

    def ask() -> None:
        while not ended and not mixed:
            policies = live.provider_state().policies
            if known.get(policies.digest) != limit(policies):
                mixed.append(policies.digest)

    asking = [Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for number in range(8, 12):
        hr.activate(number)
        folder = hr.placed / (hr.placed / ACTIVE).read_text().strip()
        member = hr.town.member(HR)
        known[read_draft(folder, member).signed.digest] = 1000 + number
        assert live.reload().refused == ()
    ended = True
    join(*asking)
    assert mixed == []
    assert version(live) == 11

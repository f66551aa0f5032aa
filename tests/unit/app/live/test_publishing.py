"""Claims about which datasets a node serves: those whose entries are approved as they are enforced."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.approvals import appoint, approve
from support.bundles import head, listed, sign_draft
from support.places import POLICIES
from support.remembered import Remembered
from support.running import pension_policy, register
from support.told import all_english, english
from support.town import AUTHORITY, HR, Town

from node.app.live.files import stamp
from node.app.live.live import Live
from node.app.live.policy_loading import placed_folder
from node.config.file import load_settings
from node.core.catalogue.publication import MAX_HISTORY, published_entry, published_summary
from node.core.policy.approval import ApprovalRole
from node.core.policy.policy import Policies
from node.core.state.part import PartKind
from node.documents.bundle_folder import place, read_draft
from node.rpc.catalogue_service import browse

pytestmark = pytest.mark.slow("data is built by processes of their own")

PENSION = "pension-insurance"


class Department:
    """A provider whose policies officers sign, with an authority above it."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder)
        self.office = self.town.add(
            HR, {PENSION: register(4)}, [POLICIES / "definitions.yaml"], unsigned=False
        )
        self.town.publish(listed(self.town.member(HR)))
        appoint(self.town)
        self.settings = load_settings(self.office.config)
        self.memory = Remembered()
        self.ahead = timedelta()
        self.draft = self.office.folder / "policies"
        self.version = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def edit(self, old: str = "", new: str = "") -> None:
        """Officers change the policy, sign it and put it in place."""
        text = pension_policy()
        assert old in text
        (self.draft / f"{PENSION}.yaml").write_text(text.replace(old, new))
        self.version += 1
        member = self.town.member(HR)
        sign_draft(self.draft, self.version)
        place(placed_folder(self.settings), read_draft(self.draft, member), member)

    def start(self) -> Live:
        return Live(self.office.config, self.settings, self.memory, self.now, os.urandom)


@pytest.fixture
def hr(tmp_path: Path) -> Department:
    made = Department(tmp_path)
    made.edit()
    return made


def waiting(live: Live) -> dict[str, tuple[str, ...]]:
    assert live.published is not None
    return {each.dataset: each.lacking for each in live.published.waiting}


def served(live: Live) -> set[str]:
    """What is published and what is enforced are one."""
    policies = live.provider_state().policies
    assert policies is live.policies
    assert {each.summary.dataset for each in browse(live.policies, "", live.load_of)} == set(
        policies.datasets
    )
    return set(policies.datasets)


def test_entry_without_approvals_is_neither_served_nor_enforced(hr: Department) -> None:
    live = hr.start()
    assert served(live) == set()
    assert live.policies_good()
    assert not live.catalogue_good()
    assert waiting(live) == {PENSION: ("head", "authority")}
    assert live.sources.opened == {}
    assert "1 catalogue entries wait for approval" in all_english(live.reload().done)
    assert hr.memory.versions == []


@pytest.mark.parametrize("role", ApprovalRole)
def test_entry_with_one_approval_waits_for_the_other(hr: Department, role: ApprovalRole) -> None:
    approve(hr.draft, role)
    live = hr.start()
    assert served(live) == set()
    (lacking,) = waiting(live).values()
    assert lacking == tuple(each for each in ApprovalRole if each is not role)


def test_approvals_that_come_later_are_noticed_and_taken_up(hr: Department) -> None:
    live = hr.start()
    for role in ApprovalRole:
        before = stamp(hr.office.config, hr.settings)
        approve(hr.draft, role)
        assert stamp(hr.office.config, hr.settings) != before
        live.reload()
    assert served(live) == {PENSION}
    assert set(live.sources.opened) == {PENSION}
    assert live.catalogue_good()
    assert waiting(live) == {}


def test_served_entry_carries_its_signed_approvals(hr: Department) -> None:
    notes = [path.read_bytes() for path in approve(hr.draft)]
    policies = hr.start().policies
    entry = published_entry(policies, policies.datasets[PENSION])
    assert not entry.summary.unapproved
    assert not published_summary(policies, policies.datasets[PENSION]).unapproved
    assert [each.signed for each in entry.publication.approvals] == notes
    assert [(each.role, each.department, each.person) for each in entry.publication.approvals] == [
        ("head", HR, "zhang"),
        ("authority", AUTHORITY, "chen"),
    ]


def test_edited_entry_is_served_once_it_is_approved_anew(hr: Department) -> None:
    """The approvals of the next version can be given before it is in force."""
    approve(hr.draft)
    live = hr.start()
    hr.edit("title: 参保状态", "title: 状态")
    live.reload()
    assert served(live) == set()
    approve(hr.draft, ApprovalRole.HEAD)
    live.reload()
    assert served(live) == set()
    approve(hr.draft, ApprovalRole.AUTHORITY)
    live.reload()
    assert served(live) == {PENSION}
    hr.edit()
    live.reload()
    assert served(live) == {PENSION}


def test_comment_does_not_take_an_entry_out_of_the_catalogue(hr: Department) -> None:
    approve(hr.draft)
    live = hr.start()
    hr.edit("rules:", "# mind the limits\nrules:")
    live.reload()
    assert served(live) == {PENSION}
    assert len(hr.memory.versions) == 1


def test_revoked_key_takes_effect_though_a_new_bundle_is_bad(hr: Department) -> None:
    approve(hr.draft)
    live = hr.start()
    assert served(live) == {PENSION}
    (placed_folder(hr.settings) / "active").write_text("nonsense\n")
    assert any(each.part.kind is PartKind.POLICIES for each in live.reload().refused)
    assert served(live) == {PENSION}
    hr.town.publish(replace(hr.town.member(AUTHORITY), officers=()))
    live.reload()
    assert served(live) == set()
    appoint(hr.town)
    live.reload()
    assert served(live) == {PENSION}


def test_forged_approval_is_named_in_the_status(hr: Department) -> None:
    approve(hr.draft, reviewer=head("chen", AUTHORITY, key="forged"))
    live = hr.start()
    assert served(live) == set()
    assert live.published is not None
    (found,) = live.published.waiting
    assert "no key that the directory lists for it has signed it" in english(found.problems[0])


def test_approval_from_the_future_counts_once_its_time_has_come(hr: Department) -> None:
    approve(hr.draft, at=hr.now() + timedelta(minutes=20))
    live = hr.start()
    assert served(live) == set()
    hr.ahead = timedelta(minutes=20)
    live.reload()
    assert served(live) == {PENSION}


def test_development_switch_serves_all_with_a_mark(hr: Department) -> None:
    config = hr.office.config
    config.write_text(config.read_text() + "policies: {unsigned: true}\n")
    hr.settings = load_settings(config)
    for approved in (False, True):
        if approved:
            approve(hr.draft, ApprovalRole.HEAD)
        live = hr.start()
        assert served(live) == {PENSION}
        entry = published_entry(live.policies, live.policies.datasets[PENSION])
        assert entry.summary.unapproved
        assert published_summary(live.policies, live.policies.datasets[PENSION]).unapproved
        assert waiting(live) == {PENSION: ("authority",) if approved else ("head", "authority")}
        assert not live.catalogue_good()
    assert hr.memory.versions == []
    approve(hr.draft)
    live = hr.start()
    assert not published_entry(live.policies, live.policies.datasets[PENSION]).summary.unapproved


def test_each_version_is_kept_once_with_what_changed(hr: Department) -> None:
    approve(hr.draft)
    live = hr.start()
    live.reload()
    hr.start()
    assert [version.number for version in hr.memory.versions] == [1]
    hr.edit("per_day: 50000", "per_day: 40000")
    approve(hr.draft)
    live.reload()
    hr.start().reload()
    hr.edit()
    live.reload()
    newest, middle, first = (each.message for each in hr.memory.served_versions(PENSION, MAX_HISTORY))
    assert [newest.number, middle.number, first.number] == [3, 2, 1]
    assert newest.entry_digest == first.entry_digest != middle.entry_digest
    assert list(first.changed) == []
    assert len(middle.changed) == 1
    assert middle.changed[0].startswith("rules.")
    assert [each.person for each in middle.approvals] == ["zhang", "chen"]
    assert all(0 < each.served_since_ms <= int(hr.now().timestamp() * 1000) for each in (newest, first))


def test_version_is_kept_before_it_is_served(hr: Department) -> None:
    approve(hr.draft)
    live = hr.start()
    hr.edit("title: 参保状态", "title: 状态")
    approve(hr.draft)
    hr.memory.full = True
    refused = live.reload().refused
    assert any("the disk is full" in each.message for each in refused)
    assert _title(live.policies) == "参保状态"
    hr.memory.full = False
    assert live.reload().refused == ()
    assert _title(live.policies) == "状态"
    assert len(hr.memory.versions) == 2


def _title(policies: Policies) -> str:
    return policies.datasets[PENSION].dataset.fields["status"].title

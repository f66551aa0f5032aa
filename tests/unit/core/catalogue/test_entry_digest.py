"""Claims about the digest that approvals are of: it is of all that is published, and of nothing else."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from support.policy_changes import CHANGES, POLICY, changed, files

from node.core.catalogue.digest import MAX_CHANGES, MORE, canonical_entry, changed_parts, entry_digest
from node.core.catalogue.entry import entry_of
from node.core.policy.policy import PolicyFile
from node.core.reading.build import build_policies
from node.v1 import catalogue_pb2 as pb


def entry(policy: dict[str, Any], comment: str = "") -> pb.Dataset:
    own, *others = files(policy)
    commented = PolicyFile(own.name, own.content + comment.encode())
    (built,) = build_policies([commented, *others]).datasets.values()
    return entry_of(built)


BASE = entry(POLICY)


@pytest.mark.parametrize("path", CHANGES)
def test_every_change_of_a_policy_needs_another_approval_and_is_told(path: str) -> None:
    before, after = map(entry, changed(path))
    assert entry_digest(after) != entry_digest(before)
    assert changed_parts(canonical_entry(before), canonical_entry(after))


def test_comment_in_the_file_needs_no_other_approval() -> None:
    commented = entry(POLICY, "\n# for the next officer\n")
    assert commented.digest != BASE.digest
    assert entry_digest(commented) == entry_digest(BASE)


def test_how_an_entry_was_published_is_no_part_of_what_was_approved() -> None:
    served = pb.Dataset()
    served.CopyFrom(BASE)
    served.summary.unapproved = True
    served.publication.entry_digest = b"d" * 32
    served.publication.approvals.add(role="head", person="zhang")
    assert entry_digest(served) == entry_digest(BASE)


def test_canonical_form_is_sorted_json_that_anybody_can_make() -> None:
    canonical = canonical_entry(BASE)
    said = json.loads(canonical)
    again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert again == canonical
    assert entry_digest(BASE) == sha256(canonical).digest()
    assert said["summary"]["title"] == BASE.summary.title
    assert "digest" not in said
    assert [rule["id"] for rule in said["rules"]] == [rule.id for rule in BASE.rules]


def parts(before: pb.Dataset, after: pb.Dataset) -> tuple[str, ...]:
    return changed_parts(canonical_entry(before), canonical_entry(after))


def test_changes_are_named_by_what_they_are_of() -> None:
    before = pb.Dataset(
        summary=pb.DatasetSummary(dataset="a", title="old"),
        level=2,
        fields=[pb.Field(name="kept"), pb.Field(name="gone")],
        rules=[pb.UsageRule(id="r-1", per_day=5), pb.UsageRule(id="r-2")],
    )
    after = pb.Dataset(
        summary=pb.DatasetSummary(dataset="a", title="new"),
        level=3,
        fields=[pb.Field(name="kept"), pb.Field(name="added")],
        rules=[pb.UsageRule(id="r-1", per_day=6), pb.UsageRule(id="r-2")],
    )
    assert parts(before, after) == ("+fields.added", "-fields.gone", "level", "rules.r-1", "title")
    assert parts(before, before) == ()


def test_another_order_of_rules_is_a_change() -> None:
    rules = [pb.UsageRule(id="r-1"), pb.UsageRule(id="r-2")]
    assert parts(pb.Dataset(rules=rules), pb.Dataset(rules=rules[::-1])) == ("rules",)


def test_history_does_not_grow_with_what_changed() -> None:
    many = pb.Dataset(fields=[pb.Field(name=f"f-{number:03}") for number in range(200)])
    found = parts(pb.Dataset(), many)
    assert len(found) == MAX_CHANGES
    assert found[-1] == MORE

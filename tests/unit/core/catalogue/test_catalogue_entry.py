"""What is published of a policy is what is enforced: no part of a file changes unseen (Art. 13, 15)."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from support.policy_changes import CHANGES, POLICY, changed, files

from node.core.catalogue.entry import entry_of
from node.core.reading.build import build_policies
from node.core.reading.format import PolicyPart
from node.v1 import catalogue_pb2 as pb

# True is refused (Art. 3), and false says nothing. What officers note about warnings is enforced by nobody.
NEVER_PUBLISHED = {
    "classification.secret",
    "fields.*.narrowest",
    *(f"accepted.*.{part}" for part in ("warning", "about", "at", "because")),
}


def published(policy: dict[str, Any]) -> pb.Dataset:
    """The entry of a policy, without the digest of its file: that differs anyway."""
    (built,) = build_policies(files(policy)).datasets.values()
    entry = entry_of(built)
    entry.ClearField("digest")
    return entry


def parts(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every part of the format, with * for what has a name or a place in a list."""
    for name, info in model.model_fields.items():
        yield from parts_of(info.annotation, f"{above}{info.alias or name}")


def parts_of(annotation: object, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from parts(annotation, f"{path}.")
        return
    inner = get_args(annotation)
    models = [each for each in inner if "Part" in str(each)]
    if not models:
        yield path
    for each in models:
        stars = ".*" if get_origin(annotation) in (dict, list) else ""
        yield from parts_of(each, path + stars)


def starred(path: str) -> str:
    """A path with * for names and places."""
    path = re.sub(r"^(fields|questions|rules|forbidden_together)\.[^.]+", r"\1.*", path)
    return re.sub(r"\.(parameters|claims)\.[^.]+", r".\1.*", path)


def test_every_part_of_the_format_is_changed_below() -> None:
    assert {starred(path) for path in CHANGES} == set(parts(PolicyPart)) - NEVER_PUBLISHED


@pytest.mark.parametrize("path", CHANGES)
def test_no_part_of_a_policy_changes_without_its_entry(path: str) -> None:
    before, after = changed(path)
    assert published(before) != published(after)


def test_the_sharing_attribute_is_published() -> None:
    open_to_all = copy.deepcopy(POLICY)
    open_to_all["sharing"] = {"attribute": "unconditional", "modes": ["interface"]}
    shown = [published(policy).summary.sharing for policy in (POLICY, open_to_all)]
    assert shown == [pb.SHARING_ATTRIBUTE_CONDITIONAL, pb.SHARING_ATTRIBUTE_UNCONDITIONAL]


def test_the_order_of_rules_is_published() -> None:
    turned = copy.deepcopy(POLICY)
    turned["rules"].reverse()
    assert published(turned) != published(POLICY)


def test_what_means_the_same_is_published_the_same() -> None:
    assert published(copy.deepcopy(POLICY)) == published(POLICY)

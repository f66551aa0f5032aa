"""Claims about policy bundles: what a manifest may say, and which bundle may be used after which."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from node.core.policy.bundle import (
    Manifest,
    SeenBundle,
    accept,
    bundle_digest,
    check_content,
    make_manifest,
    parse_manifest,
    render_manifest,
)
from node.core.policy.policy import PolicyFile
from node.errors import NodeError, Reason

HR = "11441900000000019Y"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
FILES = (PolicyFile("a.yaml", b"a"), PolicyFile("definitions.yaml", b"p"))


def manifest(version: int = 3, start: datetime = NOW - DAY, end: datetime = NOW + DAY) -> Manifest:
    return make_manifest(HR, version, start, end, FILES)


def digest(of: Manifest) -> bytes:
    return bundle_digest(render_manifest(of))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NodeError) as caught:
        act()
    assert caught.value.reason is Reason.POLICY_NOT_LOADED
    return caught.value.message


def test_manifest_reads_as_it_was_written() -> None:
    assert parse_manifest(render_manifest(manifest())) == manifest()


def test_digest_changes_with_file_version_and_validity() -> None:
    other = make_manifest(HR, 3, NOW - DAY, NOW + DAY, (PolicyFile("a.yaml", b"b"), FILES[1]))
    digests = {digest(one) for one in (manifest(), manifest(4), manifest(end=NOW + 2 * DAY), other)}
    assert len(digests) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(version=0),
        lambda tree: tree.update(version="3"),
        lambda tree: tree.update(format="dxnode/policy-bundle/2"),
        lambda tree: tree.update(department="12"),
        lambda tree: tree.update(threshold=1),
        lambda tree: tree.update(files=[]),
        lambda tree: tree["files"][0].update(name="../a.yaml"),
        lambda tree: tree["files"][0].update(name=".a.yaml"),
        lambda tree: tree["files"][0].update(name="a.yaml\n"),
        lambda tree: tree["files"][0].update(sha256="0" * 63),
        lambda tree: tree["files"].append(tree["files"][0]),
        lambda tree: tree["files"].reverse(),
        lambda tree: tree.update(valid_until=tree["valid_from"]),
        lambda tree: tree.update(valid_until="2028-11-22T08:30:00Z"),
        lambda tree: tree.pop("valid_until"),
    ],
)
def test_manifest_that_is_malformed_or_written_another_way_is_refused(
    change: Callable[[dict[str, object]], None],
) -> None:
    tree = json.loads(render_manifest(manifest()))
    change(tree)
    body = json.dumps(tree, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
    refusal(lambda: parse_manifest(body))
    refusal(lambda: parse_manifest(render_manifest(manifest()) + b" "))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (FILES[:1], "definitions.yaml of its manifest is missing"),
        ((*FILES, PolicyFile("b.yaml", b"b")), "b.yaml is not of its manifest"),
        ((PolicyFile("a.yaml", b"A"), FILES[1]), "a.yaml is not the one that was signed"),
        ((PolicyFile("a.yaml", b""), FILES[1]), "a.yaml is not the one that was signed"),
    ],
)
def test_files_other_than_those_of_the_manifest_are_refused(files: tuple[PolicyFile, ...], said: str) -> None:
    check_content(manifest(), FILES)
    assert said in refusal(lambda: check_content(manifest(), files))


def test_bundle_in_use_and_a_newer_one_are_accepted() -> None:
    seen = accept(manifest(), digest(manifest()), None, NOW)
    assert seen == SeenBundle(3, digest(manifest()))
    assert accept(manifest(), digest(manifest()), seen, NOW) == seen
    assert accept(manifest(4), digest(manifest(4)), seen, NOW).version == 4


def test_rolled_back_bundle_is_refused() -> None:
    seen = SeenBundle(4, digest(manifest(4)))
    assert "version 4 was already in use" in refusal(
        lambda: accept(manifest(), digest(manifest()), seen, NOW)
    )


def test_second_bundle_of_one_version_is_refused() -> None:
    seen = SeenBundle(3, digest(manifest(end=NOW + 2 * DAY)))
    assert "another bundle of version 3" in refusal(lambda: accept(manifest(), digest(manifest()), seen, NOW))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW - DAY - timedelta(seconds=1), "is still to come"),
        (NOW + DAY, "it was valid until"),
    ],
)
def test_bundle_is_refused_to_the_second_before_and_after_its_time(at: datetime, said: str) -> None:
    accept(manifest(), digest(manifest()), None, NOW - DAY)
    accept(manifest(), digest(manifest()), None, NOW + DAY - timedelta(seconds=1))
    assert said in refusal(lambda: accept(manifest(), digest(manifest()), None, at))


def test_clock_moved_back_brings_no_older_bundle_back() -> None:
    """The older one would be valid then, but that a newer one was in use does not go away with the clock."""
    old, new = manifest(3, NOW - 9 * DAY, NOW - DAY), manifest(4)
    seen = accept(new, digest(new), None, NOW)
    before = NOW - 5 * DAY
    assert "already in use" in refusal(lambda: accept(old, digest(old), seen, before))
    assert "still to come" in refusal(lambda: accept(new, digest(new), seen, before))

"""Claims about bundles on the disk: only whole ones are read, and one is put in place whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.bundles import ZHAO, listed, refusal, sign_draft, write_draft
from support.places import TESTS
from support.town import HR, Town

from node.core.directory.directory import Member, render_member
from node.core.policy.bundle import MANIFEST
from node.documents import bundle_folder
from node.documents.bundle_file import sign_manifest
from node.documents.bundle_folder import active_name, place, read_draft, read_placed
from node.errors import NodeError, Reason

FILES = {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Member:
    town = Town(tmp_path_factory.mktemp("town"))
    town.add(HR)
    return listed(town.member(HR))


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    return sign_draft(write_draft(tmp_path / "draft", FILES))


@pytest.fixture
def placed(tmp_path: Path, draft: Path, member: Member) -> Path:
    """Where bundles are put; version 1 is active."""
    folder = tmp_path / "placed"
    place(folder, read_draft(draft, member), member)
    return folder


def active(placed: Path, member: Member) -> int:
    """The version of the active bundle, which is whole."""
    return read_placed(placed, active_name(placed) or "", member).seen.version


def test_bundle_is_read_back_from_its_place(placed: Path, draft: Path, member: Member) -> None:
    assert read_placed(placed, active_name(placed) or "", member) == read_draft(draft, member)


def test_drafts_beside_what_is_no_policy_are_read(draft: Path, member: Member) -> None:
    (draft / "README").write_text("notes")
    (draft / "a.test.yaml").write_text("tests: []\n")
    assert [file.name for file in read_draft(draft, member).files] == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: (one / "a.yaml").write_text("a: 2\n"), "a.yaml is not the one that was signed"),
        (lambda one: (one / "a.yaml").write_text("a: "), "a.yaml is not the one that was signed"),
        (lambda one: (one / "a.yaml").unlink(), "a.yaml of its manifest is missing"),
        (lambda one: (one / "c.yaml").write_text("c: 1\n"), "c.yaml is not of its manifest"),
    ],
    ids=["tampered", "cut", "missing", "extra"],
)
def test_mixed_bundle_and_partial_copy_are_refused(
    draft: Path, placed: Path, member: Member, change: Callable[[Path], object], said: str
) -> None:
    name = active_name(placed) or ""
    for folder, read in (
        (draft, lambda: read_draft(draft, member)),
        (placed / name, lambda: read_placed(placed, name, member)),
    ):
        change(folder)
        assert said in refusal(read)


def test_whatever_else_lies_in_a_placed_bundle_is_refused(placed: Path, member: Member) -> None:
    name = active_name(placed) or ""
    (placed / name / "a.test.yaml").write_text("tests: []\n")
    assert "not of its manifest" in refusal(lambda: read_placed(placed, name, member))


@pytest.mark.parametrize("left", [".DS_Store", "Thumbs.db", "desktop.ini", ".#a.yaml", "a.yaml~", "._a.yaml"])
def test_what_a_program_left_in_a_bundle_is_no_part_of_it(
    draft: Path, placed: Path, member: Member, left: str
) -> None:
    name = active_name(placed) or ""
    before = read_draft(draft, member), read_placed(placed, name, member)
    for folder in (draft, placed / name):
        (folder / left).write_text("a: 2\n")
    assert (read_draft(draft, member), read_placed(placed, name, member)) == before


def test_bundle_without_manifest_is_refused(draft: Path, member: Member) -> None:
    (draft / MANIFEST).unlink()
    refusal(lambda: read_draft(draft, member), Reason.CONFIG_INVALID)


def test_link_to_a_file_elsewhere_is_refused(draft: Path, tmp_path: Path, member: Member) -> None:
    shutil.move(draft / "a.yaml", tmp_path / "a.yaml")
    (draft / "a.yaml").symlink_to(tmp_path / "a.yaml")
    assert "is a link" in refusal(lambda: read_draft(draft, member))


@pytest.mark.parametrize("name", ["", "../draft", "1-" + "0" * 32, ".part-1", "1-" + "0" * 31])
def test_pointer_to_no_bundle_is_refused(placed: Path, member: Member, name: str) -> None:
    refusal(lambda: read_placed(placed, name, member))


def test_bundle_under_the_name_of_another_is_refused(placed: Path, member: Member) -> None:
    name = active_name(placed) or ""
    (placed / name).rename(placed / ("2" + name[1:]))
    assert "holds another bundle" in refusal(lambda: read_placed(placed, "2" + name[1:], member))


def test_newer_bundle_takes_the_place_and_an_older_one_does_not(
    draft: Path, placed: Path, member: Member
) -> None:
    old = read_draft(draft, member)
    (draft / "a.yaml").write_text("a: 2\n")
    place(placed, read_draft(sign_draft(draft, 2), member), member)
    assert active(placed, member) == 2
    assert "version 2 was already in use" in refusal(lambda: place(placed, old, member))
    (draft / "a.yaml").write_text("a: 3\n")
    other = read_draft(sign_draft(draft, 2), member)
    assert "another bundle of version 2" in refusal(lambda: place(placed, other, member))
    assert active(placed, member) == 2


def test_one_more_signature_makes_no_other_bundle(draft: Path, placed: Path, member: Member) -> None:
    bundle = read_draft(draft, member)
    more = replace(bundle, note=sign_manifest(bundle.signed.manifest, bundle.note, ZHAO))
    place(placed, more, member)
    assert active(placed, member) == 1


def test_state_that_the_first_bundle_makes_is_private(draft: Path, tmp_path: Path, member: Member) -> None:
    state = tmp_path / "node" / "state"
    state.parent.mkdir()
    place(state / "policies", read_draft(draft, member), member)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (state, state / "policies")] == [0o700, 0o700]


def test_damaged_bundle_in_its_place_is_put_right(draft: Path, placed: Path, member: Member) -> None:
    (placed / (active_name(placed) or "") / "a.yaml").write_text("")
    place(placed, read_draft(draft, member), member)
    assert active(placed, member) == 1


@pytest.mark.parametrize("call", range(12))
def test_full_disk_leaves_the_old_bundle_in_use(
    draft: Path, placed: Path, member: Member, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """The disk is full from the given call to fsync on."""
    bundle = read_draft(sign_draft(draft, 2), member)
    calls = iter(range(100))
    real = os.fsync

    def full(descriptor: int) -> None:
        if next(calls) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    said = "no space left"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        try:
            place(placed, bundle, member)
        except NodeError as error:
            said = error.message
    assert "no space left" in said
    assert active(placed, member) in (1, 2)
    assert not [path for path in placed.iterdir() if path.name.startswith(bundle_folder._PART)]
    place(placed, bundle, member)
    assert active(placed, member) == 2


# A process for each moment, forked from one that has read everything: it costs the most.
_KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from node.core.directory.directory import parse_member
from node.documents.bundle_folder import place, read_draft

draft, placed, copies, described = map(Path, sys.argv[1:])
member = parse_member(described.read_bytes())
bundle = read_draft(draft, member)
calls = 0

def counted(real, last):
    def act(*given, **named):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return act

for last in range(1, 30):
    shutil.copytree(placed, copies / str(last))
    child = os.fork()
    if not child:
        for name in ("fsync", "replace", "rename", "mkdir"):
            setattr(os, name, counted(getattr(os, name), last))
        place(copies / str(last), bundle, member)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code)
    if code == 0:
        break
"""


def test_kill_9_at_any_moment_leaves_a_whole_bundle_in_use(
    draft: Path, placed: Path, tmp_path: Path, member: Member
) -> None:
    sign_draft(draft, 2)
    (tmp_path / "member.json").write_bytes(render_member(member))
    arguments = (draft, placed, tmp_path / "copies", tmp_path / "member.json")
    done = subprocess.run(  # noqa: S603 - this interpreter, with a script of this file
        [sys.executable, "-c", _KILLED, *map(str, arguments)],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *killed, last = map(int, done.stdout.split())
    assert len(killed) >= 8
    assert set(killed) == {-signal.SIGKILL}
    assert last == 0
    assert active(tmp_path / "copies" / str(len(killed) + 1), member) == 2
    for moment in range(1, len(killed) + 1):
        folder = tmp_path / "copies" / str(moment)
        assert active(folder, member) in (1, 2)
        # What was left half-written is in nobody's way.
        place(folder, read_draft(draft, member), member)
        assert active(folder, member) == 2

"""The demo as a newcomer runs it: real processes, every scene, nothing left running or in the clear."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.launched import launched
from support.waiting import PATIENCE, wait_for

from node.demo.registers import make_registers
from node.demo.traces import find_identifiers

RESIDENTS = 1_000
SCENES = [
    "set-up",
    "deferral",
    "denied-purpose",
    "company-opening",
    "recruitment",
    "private-count",
    "four-eyes",
    "batch",
    "tampered-log",
    "proofs",
    "left-behind",
]


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that has ended."""

    folder: Path
    code: int
    out: str
    err: str


def _start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "node.cli.main", "demo")
    demo = (*command, f"--residents={RESIDENTS}", f"--folder={folder}", *options)
    # Tests that a shell runs in the background ignore Ctrl-C, and so would this.
    first = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)"
    return subprocess.Popen(  # noqa: S603 - this interpreter, this package
        launched(first, demo),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"DXNODE_LANG": "en"},
    )


def _commands_about(folder: Path) -> list[str]:
    """The command lines of all processes that name a path in `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if f"{folder}/" in line:
            found.append(line)
    return found


def _end(process: subprocess.Popen[str], folder: Path) -> tuple[int, str]:
    """Press Ctrl-C; return the exit code and what was printed."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    wait_for(lambda: not _commands_about(folder))
    return process.returncode, out


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("city")
    process = _start(folder, "--json")
    out, err = process.communicate(timeout=280)
    return Played(folder, process.returncode, out, err)


def test_every_scene_ends_as_it_should(played: Played) -> None:
    assert played.code == 0, played.out + played.err
    told = json.loads(played.out)
    assert told["ok"] is True
    assert [scene["name"] for scene in told["scenes"]] == SCENES
    assert [scene["failures"] for scene in told["scenes"]] == [[]] * len(SCENES)


def test_scenes_show_what_they_are_about(played: Played) -> None:
    facts = {scene["name"]: scene["facts"] for scene in json.loads(played.out)["scenes"]}
    assert facts["deferral"] == {"deferrable": True, "settled": False}
    assert facts["denied-purpose"]["tax/inspection"] == "PURPOSE_NOT_ALLOWED"
    assert facts["recruitment"] == {"genuine": True, "forged": False}
    assert len(facts["private-count"]["counts"]) == 8
    assert facts["four-eyes"] == {"before": 1, "signed by one": 1, "signed by two": 2}
    assert facts["batch"]["residents"] == RESIDENTS
    assert facts["tampered-log"] == {"human-resources.log": "whole", "tampered.log": "broken"}
    assert facts["proofs"]["decided"] == facts["proofs"]["matched"]


def test_no_identifier_is_printed(played: Played) -> None:
    identifiers = make_registers(RESIDENTS).identifiers
    assert not [known for known in identifiers if known in played.out + played.err]


def test_no_identifier_is_left_in_the_clear(played: Played) -> None:
    identifiers = make_registers(RESIDENTS).identifiers
    own = {folder for folder in played.folder.rglob("data") if folder.is_dir()}
    lists = {*played.folder.glob("allowance-*.csv")}
    assert find_identifiers(played.folder, identifiers, own | lists) == []
    assert find_identifiers(played.folder, identifiers, own), (
        "the caller's list is found when it is not left out"
    )
    assert find_identifiers(played.folder, identifiers, lists), "so are the providers' data"


def test_nothing_runs_after_the_demo(played: Played) -> None:
    assert _commands_about(played.folder) == []


@pytest.mark.full("a whole city that is kept takes long")
def test_kept_city_answers_the_commands_that_are_printed(tmp_path: Path) -> None:
    process = _start(tmp_path, "--keep")
    assert process.stdout is not None
    for line in process.stdout:
        if " verify " in line and "--subject-from" in line:
            break
    else:
        _, err = process.communicate(timeout=PATIENCE)
        pytest.fail(f"no command to try was printed: {err}")
    arguments = shlex.split(line)[1:]
    said = subprocess.run(  # noqa: S603 - this interpreter, and a command that the demo printed
        [sys.executable, "-m", "node.cli.main", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    running = _commands_about(tmp_path)
    code, _ = _end(process, tmp_path)
    assert said.stdout == "yes\n", said.stderr
    assert len(running) == 6
    assert not [
        known for known in make_registers(RESIDENTS).identifiers if any(known in line for line in running)
    ]
    assert code == 0


def test_interrupted_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    process = _start(tmp_path)
    wait_for(lambda: bool(_commands_about(tmp_path / "human-resources")), 2 * PATIENCE)
    code, _ = _end(process, tmp_path)
    assert code == 130


def test_folder_that_holds_a_city_is_refused(played: Played) -> None:
    process = _start(played.folder)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert "there is something in it already" in err
    assert "Traceback" not in err

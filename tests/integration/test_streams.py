"""A command's exit code is what it found, whatever becomes of what it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import PATIENCE

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

BROKEN = ("policy", "check", "policies")
NOT_THERE = ("policy", "check", "nothing")
WHOLE = ("config", "show", "--reference")
UNKNOWN = ("polcy",)
HELP = ("--help",)


VERDICTS = ((BROKEN, 2), ((*BROKEN, "--json"), 2), (NOT_THERE, 12), (UNKNOWN, 2), (WHOLE, 0), (HELP, 0))

EACH_WAY = pytest.mark.full("each way takes long")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "broken.yaml").write_text("dataset: X\n" * 200)
    return tmp_path


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which $DXNODE is the command."""
    environment = {**os.environ, "DXNODE": f"{sys.executable} -m node.cli.main", "DXNODE_LANG": "en"}
    return subprocess.run(  # noqa: S603
        ["bash", "-c", line],  # noqa: S607
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def code(arguments: tuple[str, ...], streams: str, folder: Path) -> int:
    return shell(f"$DXNODE {' '.join(arguments)} {streams}", folder).returncode


@pytest.mark.parametrize(
    ("arguments", "verdict", "streams"),
    [
        (BROKEN, 2, "2>&1 | true"),
        (WHOLE, 0, "2>&1 | true"),
        *((given, code, "| head -1") for given, code in VERDICTS),
        *(pytest.param(given, code, "2>&1 | true", marks=EACH_WAY) for given, code in VERDICTS),
    ],
)
def test_a_reader_that_goes_away_changes_no_verdict(
    folder: Path, arguments: tuple[str, ...], verdict: int, streams: str
) -> None:
    assert code(arguments, f"{streams}; exit ${{PIPESTATUS[0]}}", folder) == verdict


@pytest.mark.parametrize(
    ("arguments", "verdict", "streams"),
    [
        *((BROKEN, 2, each) for each in (">&-", "2>&-", ">/dev/full", ">/dev/full 2>/dev/full")),
        ((*BROKEN, "--json"), 2, ">/dev/full"),
        (NOT_THERE, 12, "2>&-"),
        *(
            pytest.param(given, code, each, marks=EACH_WAY)
            for given, code in ((BROKEN, 2), ((*BROKEN, "--json"), 2), (NOT_THERE, 12))
            for each in (">&-", "2>&-", ">/dev/full", "<&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full")
        ),
    ],
)
def test_a_gate_that_fails_fails_with_its_code_when_streams_are_closed_or_full(
    folder: Path, streams: str, arguments: tuple[str, ...], verdict: int
) -> None:
    assert code(arguments, streams, folder) == verdict


@pytest.mark.parametrize(("streams", "verdict"), [(">&-", 0), ("2>&-", 0), ("<&-", 0), ("2>/dev/full", 0)])
def test_what_is_well_stays_well_when_nobody_wants_to_hear_it(
    folder: Path, streams: str, verdict: int
) -> None:
    assert code(WHOLE, streams, folder) == verdict


def test_output_that_was_lost_is_told_and_is_no_success(folder: Path) -> None:
    ran = shell("$DXNODE config show --reference >/dev/full", folder)
    assert ran.returncode == 4
    assert (
        ran.stderr
        == "not all output could be written (no space left on device): what is there is cut short\n"
    )
    assert code(("version",), ">/dev/full 2>/dev/full", folder) == 4


def test_no_file_is_taken_for_a_stream_that_was_closed(folder: Path) -> None:
    """The first file that a command writes would get the number of a closed stream, and its messages."""
    ran = shell("$DXNODE init made <&- >&- 2>&-; cat made/node.yaml", folder)
    assert "made made" not in ran.stdout
    assert "department:" in ran.stdout


def test_a_table_of_rich_to_a_reader_that_goes_away(folder: Path) -> None:
    """`script` gives the command a terminal, so that it draws tables, whose end nobody reads."""
    if shutil.which("script") is None:
        pytest.skip("there is no script")
    line = "script -qec '$DXNODE policy check policies' /dev/null | head -1; echo ${PIPESTATUS[0]}"
    ran = shell(line, folder)
    assert ran.stdout.splitlines()[-1] in {"2", "141"}

"""Claims about batches that end before they are done: how far they got, and how they go on."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support.batches import answers, batch, numbers, people, started
from support.cli_run import dxnode
from support.fake_desk import FakeDesk
from support.waiting import PATIENCE, wait_for

from node.cli.batch.encoding import TextForm
from node.cli.batch.output_file import Output
from node.cli.batch.progress import new_progress
from node.client.frame import AnsweredBlock
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("processes are started and stopped")


def left(folder: Path) -> set[str]:
    """What is there beside the inputs and the socket."""
    return {path.name for path in folder.iterdir()} - {"in.csv", "desk.sock"}


def rows_done(folder: Path) -> int:
    """How many rows the progress counts; 0 before there is one."""
    try:
        rows: int = json.loads((folder / "out.csv.progress").read_text())["rows"]
    except (OSError, ValueError):
        return 0
    return rows


def command_told(said: str) -> list[str]:
    """The arguments of the command to go on with."""
    line = next(line for line in said.splitlines() if line.startswith("  dxnode "))
    return shlex.split(line)[1:]


def test_second_run_of_one_output_is_told_so_and_asks_nothing(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 3500)
    desk.hold_at = 2
    first = started(source, address)
    assert desk.holding.wait(PATIENCE)
    asked = len(desk.chunks)
    second = batch(source, address)
    assert second.code == 4
    assert "another run writes" in second.err
    assert "--restart" not in second.err
    assert batch(source, address, "--restart", "--force").code == 4
    (tmp_path / "beside").symlink_to(tmp_path)
    assert batch(source, address, target=tmp_path / "beside" / "out.csv").code == 4
    assert len(desk.chunks) == asked
    desk.go.set()
    assert first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
    assert numbers(tmp_path / "out.csv") == list(range(3500))
    assert left(tmp_path) == {"out.csv", "beside"}


def test_runs_that_start_at_once_ask_once(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 8000)
    runs = [started(source, address) for _ in range(3)]
    said = [run.communicate(timeout=PATIENCE)[1] for run in runs]
    assert "defect" not in "".join(said)
    codes = sorted(run.returncode for run in runs)
    # One that starts when the first is done finds its output there.
    assert codes[0] == 0
    assert set(codes[1:]) <= {2, 4}
    assert sorted(number for _, number, _ in desk.chunks) == list(range(8))
    assert numbers(tmp_path / "out.csv") == list(range(8000))


def test_lock_ends_with_its_process(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 3500)
    desk.hold_at = 2
    first = started(source, address)
    assert desk.holding.wait(PATIENCE)
    first.kill()
    first.communicate()
    desk.go.set()
    ran = batch(source, address)
    assert ran.code == 0
    assert numbers(tmp_path / "out.csv") == list(range(3500))
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "stopped"),
        (signal.SIGTERM, 4, "told to stop"),
        (signal.SIGHUP, 4, "told to stop"),
    ],
)
def test_run_that_is_stopped_says_how_far_it_got_and_the_command_that_goes_on(
    tmp_path: Path, address: str, desk: FakeDesk, number: signal.Signals, code: int, said: str
) -> None:
    source = people(tmp_path / "in.csv", 3500)
    desk.hold_at = 2
    run = started(source, address, "--restart", "--yes")
    wait_for(lambda: rows_done(tmp_path) == 2000)
    run.send_signal(number)
    _, told = run.communicate(timeout=PATIENCE)
    assert run.returncode == code
    assert said in told
    assert "2000 of 3500 rows are done" in told
    assert "Traceback" not in told
    desk.go.set()
    again = command_told(told)
    assert not {"--restart", "--yes"} & set(again)
    assert dxnode(*again).code == 0
    assert numbers(tmp_path / "out.csv") == list(range(3500))
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


@pytest.mark.parametrize(("number", "reason"), [(signal.SIGINT, "STOPPED"), (signal.SIGTERM, "DRAINING")])
def test_with_json_programs_are_told_how_far_it_got(
    tmp_path: Path, address: str, desk: FakeDesk, number: signal.Signals, reason: str
) -> None:
    source = people(tmp_path / "in.csv", 3500)
    desk.hold_at = 2
    run = started(source, address, "--json")
    wait_for(lambda: rows_done(tmp_path) == 2000)
    run.send_signal(number)
    out, told = run.communicate(timeout=PATIENCE)
    desk.go.set()
    assert out == ""
    error = json.loads(told)["error"]
    assert error["reason"] == reason
    assert (error["metadata"]["rows_done"], error["metadata"]["rows"]) == ("2000", "3500")
    assert error["metadata"]["command"].startswith("dxnode batch ")


def test_run_that_is_stopped_before_anybody_was_asked_about_leaves_nothing(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 3500)
    desk.hold_limits = True
    run = started(source, address)
    assert desk.holding.wait(PATIENCE)
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate(timeout=PATIENCE)
    desk.go.set()
    assert run.returncode == 4
    assert "told to stop" in told
    assert left(tmp_path) == set()


def bounded(size: int) -> str:
    """As on a disk that is full after so many bytes of a file."""
    return (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    )


def test_full_disk_ends_a_run_in_order_and_the_same_command_goes_on(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 3500)
    run = started(source, address, first=bounded(200_000))
    _, told = run.communicate(timeout=PATIENCE)
    assert run.returncode == 4
    assert "the output cannot be written" in told
    assert "out.csv.part: file too large" in told
    assert "2000 of 3500 rows are done" in told
    assert "defect" not in told
    asked = {number for _, number, _ in desk.chunks}
    assert dxnode(*command_told(told)).code == 0
    assert numbers(tmp_path / "out.csv") == list(range(3500))
    assert {number for _, number, _ in desk.chunks} >= asked
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1
    assert left(tmp_path) == {"out.csv"}


def test_disk_that_is_full_from_the_start_asks_nothing_and_leaves_nothing(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 10)
    run = started(source, address, first=bounded(0))
    _, told = run.communicate(timeout=PATIENCE)
    assert run.returncode == 4
    assert "the output cannot be written" in told
    assert "nothing is left of this run" in told
    assert desk.chunks == []
    assert left(tmp_path) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_file_system_without_room_ends_a_run_in_order(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount, unmount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    made = [mount, "-t", "tmpfs", "-o", "size=64k", "none", str(small)]
    if subprocess.run(made, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("nothing can be mounted here")
    source = people(tmp_path / "in.csv", 3500)
    try:
        ran = batch(source, address, target=small / "out.csv")
        assert ran.code == 4
        assert "no space left on device" in ran.err
        assert "defect" not in ran.err
        subprocess.run(  # noqa: S603
            [mount, "-o", "remount,size=8m", str(small)], check=True, capture_output=True
        )
        assert batch(source, address, target=small / "out.csv").code == 0
        assert numbers(small / "out.csv") == list(range(3500))
        assert [path.name for path in small.iterdir()] == ["out.csv"]
    finally:
        subprocess.run([unmount, str(small)], check=True)  # noqa: S603
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


def test_folder_that_vanishes_ends_a_run_in_order(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source, folder = people(tmp_path / "in.csv", 12_500), tmp_path / "folder"
    folder.mkdir()
    desk.hold_at = 2
    run = started(source, address, target=folder / "out.csv")
    assert desk.holding.wait(PATIENCE)
    shutil.rmtree(folder)
    desk.go.set()
    _, told = run.communicate(timeout=PATIENCE)
    assert run.returncode == 4
    assert "no such file or directory" in told
    assert "the same command begins anew" in told
    assert "defect" not in told
    folder.mkdir()
    assert batch(source, address, target=folder / "out.csv").code == 0
    assert len(answers(folder / "out.csv")) == 12_500


def test_folder_that_is_not_there_is_told_before_anything_else(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 10)
    ran = batch(source, address, target=tmp_path / "none" / "out.csv")
    assert ran.code == 2
    assert f"there is no folder {tmp_path / 'none'}" in ran.err
    assert desk.chunks == []


def test_desk_that_cannot_be_reached_leaves_nothing(tmp_path: Path) -> None:
    source = people(tmp_path / "in.csv", 10)
    ran = batch(source, f"unix:{tmp_path / 'none.sock'}", "--timeout", "0.5")
    assert ran.code == 4
    assert left(tmp_path) == set()


def test_refusal_of_the_first_chunk_leaves_nothing_since_it_is_final(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 10)
    desk.refuse[0] = Reason.QUOTA_EXHAUSTED
    ran = batch(source, address)
    assert ran.code == 6
    assert "nothing is left of this run" in ran.err
    assert left(tmp_path) == set()


def test_failure_of_the_first_chunk_keeps_its_id_since_it_may_be_charged(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 10)
    desk.refuse[0] = Reason.TIMEOUT
    assert batch(source, address).code == 4
    desk.refuse.clear()
    assert batch(source, address).code == 0
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


def test_error_of_a_device_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    import pandas as pd

    block = AnsweredBlock(
        pd.DataFrame({"id": ["x"], "answer": ["value"], "reason": [""], "exchange_id": ["1"]}), 1
    )
    with Output(tmp_path / "out.csv") as output:
        output.start(
            new_progress("a", "b", QuestionKind.VERIFY, 1000, os.urandom), TextForm("utf-8", mark=False)
        )
        output.begin()

        def unplugged(*_: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "write", unplugged)
        with pytest.raises(NodeError, match="input/output error") as failed:
            output.append(block)
    assert failed.value.reason is Reason.OUTPUT_UNAVAILABLE


def test_run_that_ended_between_its_last_two_steps_is_done(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 1500)
    desk.break_at = 1
    batch(source, address)
    state = (tmp_path / "out.csv.progress").read_text()
    desk.break_at = None
    assert batch(source, address).code == 0
    whole = json.loads(state) | {"bytes": (tmp_path / "out.csv").stat().st_size}
    (tmp_path / "out.csv.progress").write_text(json.dumps(whole))
    ran = batch(source, address)
    assert ran.code == 2
    assert "is there already" in ran.err
    assert left(tmp_path) == {"out.csv"}

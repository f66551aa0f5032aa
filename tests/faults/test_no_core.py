"""A node that dies leaves no core: its keys, and what it was told of people, are in none."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import ROOT
from support.processes import processes
from support.running import pension_town
from support.town import HR
from support.waiting import PATIENCE

PR_GET_DUMPABLE = 3
ABORTS = "import os; os.abort()"
"""A program that does nothing about it."""


@pytest.fixture
def _dumps_allowed() -> Iterator[None]:
    """As for a program that somebody starts to look for a defect."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def limit_of_dumps(pid: int) -> list[str]:
    (line,) = (each for each in Path(f"/proc/{pid}/limits").read_text().splitlines() if "core file" in each)
    return line.split()[4:6]


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, a program of this test
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("_dumps_allowed")
def test_node_that_is_aborted_leaves_no_core(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere, folder = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("town")
    assert run(ABORTS, elsewhere).returncode == -signal.SIGABRT
    with processes(pension_town(folder), HR) as running:
        process = running.nodes[HR]
        pid = process.pid
        assert pid is not None
        assert limit_of_dumps(pid) == ["0", "0"]
        os.kill(pid, signal.SIGABRT)
        assert process.wait(PATIENCE) == -signal.SIGABRT
    assert [path for path in folder.rglob("core*") if path.is_file()] == []
    if not list(elsewhere.glob("core*")):
        pytest.skip("this system writes no cores into folders: only the limit was seen")


COMMAND = """
import node.cli.main as main
main.app = lambda: None
try:
    main.run()
except SystemExit:
    pass
"""
JOB = """
import node.source.worker as worker
class Fails:
    def validate_json(self, text):
        raise MemoryError
worker.JOB = Fails()
worker.main()
"""
COUNTS = """
import os
os._exit = lambda code: None
os.dup2 = lambda *descriptors: None
import node.statistics.process as process
process.main()
"""
ASKS = f"""
import ctypes, resource
print(ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}), resource.getrlimit(resource.RLIMIT_CORE), sep=";")
"""


@pytest.mark.usefixtures("_dumps_allowed")
@pytest.mark.parametrize("begun_as", [COMMAND, JOB, COUNTS], ids=["command", "job", "counts"])
def test_commands_and_jobs_are_not_dumpable(begun_as: str, tmp_path: Path) -> None:
    assert run(ASKS, tmp_path).stdout.startswith("1;")
    said = run(begun_as + ASKS, tmp_path)
    assert said.stdout.splitlines()[-1] == "0;(0, 0)", said.stderr


@pytest.mark.usefixtures("_dumps_allowed")
def test_others_of_the_same_user_may_not_read_the_memory_of_a_node(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    with processes(pension_town(tmp_path_factory.mktemp("town")), HR) as running:
        pid = running.nodes[HR].pid
        with pytest.raises(PermissionError):
            Path(f"/proc/{pid}/mem").open("rb")  # noqa: SIM115 - it does not open

"""What two nodes and their callers leave behind names no subject in the clear, nor does the process list."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import grpc
import pytest
from support.forger import forging
from support.processes import Processes, processes
from support.running import (
    BAND,
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PENSION,
    PLANNING,
    pension_grant,
    pension_town,
    resident,
)
from support.town import HR, MEDICAL, TAX
from support.waiting import PATIENCE, wait_for

from node.client import Chunk, Subject
from node.demo.traces import find_identifiers
from node.errors import NodeError
from node.v1 import record_pb2 as rec

IDS = [resident(number) for number in range(1000)]
NAMES = [f"张三{number}" for number in range(1000)]
WRONG = resident(2)[:-1] + ("0" if resident(2)[-1] != "0" else "1")
"""An identity number with a wrong check character: malformed, and a person all the same."""


class ProcessList:
    """Looks at every process's command line and environment all the time, for what stands there."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> ProcessList:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        own = str(os.getpid())
        while not self._stop.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                if folder.name == own:
                    continue
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add((folder / name).read_bytes())
                    except OSError:
                        continue
            sleep(0.05)


@dataclass(frozen=True, slots=True)
class Left:
    """What was left behind, while the nodes ran and after they had ended."""

    folder: Path
    skip: list[Path]
    seen: set[bytes]
    said: list[str]


def _cli(nodes: Processes, *arguments: str, stdin: str = "") -> str:
    """Run the command line at the tax office; everything that it prints."""
    done = subprocess.run(  # noqa: S603 - this interpreter, this package
        [
            sys.executable,
            "-m",
            "node.cli.main",
            *arguments,
            "--desk",
            f"unix:{nodes.town.offices[TAX].socket}",
        ],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"DXNODE_LANG": "en"},
        check=False,
    )
    return done.stdout + done.stderr


def _ask_everything(nodes: Processes, folder: Path) -> list[str]:
    """Every kind of question, answered, denied, malformed and lost; the errors' texts."""
    said: list[str] = []

    def attempt(work: object, *arguments: object, **options: object) -> None:
        assert callable(work)
        try:
            work(*arguments, **{"purpose": DEFERRAL, "case": CASE, **options})
        except NodeError as error:
            said.append(f"{error} {error.message} {dict(error.metadata)}")
        except ValueError as error:
            said.append(str(error))

    with nodes.client(TAX) as tax:
        for number in (2, 3, 900):
            attempt(tax.verify, ENROLLED, IDS[number])
            attempt(tax.field, BAND, IDS[number])
        for name in (NAMES[8], NAMES[9]):
            attempt(tax.verify, f"{PENSION}/name-matches", IDS[8], claims={"name": name})
        for bad in (WRONG, IDS[2].lower(), " ".join(IDS[4]), IDS[6][:6] + IDS[6][8:17], "x" + IDS[2]):
            attempt(tax.verify, ENROLLED, bad)
        attempt(tax.verify, ENROLLED, IDS[2], case=f"case of {IDS[2]}")
        attempt(tax.verify, ENROLLED, IDS[2], purpose=f"tax/{IDS[2].lower()}")
        attempt(tax.verify, f"{PENSION}/{IDS[2].lower()}", IDS[2])
        attempt(tax.verify, f"{HR}/{IDS[2].lower()}/is-enrolled", IDS[2])
        attempt(tax.verify, f"{IDS[2]}/pension-insurance/is-enrolled", IDS[2])
        attempt(tax.verify, f"{PENSION}/months-at-least", IDS[2], parameters={"n": IDS[2]})
        attempt(tax.verify, f"{PENSION}/months-at-least", IDS[2], parameters={IDS[2]: "60"})
        attempt(tax.verify, f"{PENSION}/name-matches", IDS[2], claims={IDS[2]: IDS[2]})
        attempt(tax.verify, ENROLLED, IDS[2], purpose="social-insurance/pension/transfer", case="x")
        attempt(tax.statistic, BY_REGION, purpose=PLANNING)
        chunks = [Chunk(n, tuple(map(Subject, IDS[100 * n : 100 * n + 100]))) for n in range(5)]
        list(tax.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)))
        nodes.kill(HR)
        attempt(tax.verify, ENROLLED, IDS[20])
        nodes.start(HR)
        nodes.wait(HR)
    question = ("verify", ENROLLED, "--purpose", DEFERRAL, "--case", CASE)
    said += [
        _cli(nodes, *question, stdin=f"{IDS[2]}\n"),
        _cli(nodes, *question, stdin=f"{WRONG}\n"),
        _cli(nodes, "verify", ENROLLED, "--purpose", "tax/inspection", "--case", CASE, stdin=f"{IDS[2]}\n"),
        _cli(nodes, "log", "show"),
        _cli(nodes, "status"),
        _cli(nodes, "log", "export", str(folder / "export")),
    ]
    return said


def _forge(nodes: Processes) -> None:
    """Requests of a peer that puts identity numbers where none belong."""
    with forging(nodes.town, MEDICAL) as forger, nodes.client(HR) as hr:
        forger.use(hr.admin.issue_grant(pension_grant(MEDICAL)).id)
        for place in ("case_number", "purpose", "dataset", "question", "grant_id", "role"):
            forger.send(forger.make(**{place: IDS[2]}))  # type: ignore[arg-type]
        forger.send(forger.make(parameters=[rec.Parameter(name="n", value=IDS[2])]))
        forger.send(forger.make([rec.Subject(id=WRONG)]))
        forger.send(forger.make(bend=lambda record: setattr(record, "exchange_id", IDS[2].encode()[:16])))
    with grpc.insecure_channel(
        f"unix:{nodes.town.offices[TAX].socket}", options=[("grpc.default_authority", "desk")]
    ) as desk:
        call = desk.unary_unary("/node.v1.DeskService/Ask", bytes, bytes)
        with pytest.raises(grpc.RpcError) as refused:
            call(b"\xff" + IDS[2].encode(), timeout=PATIENCE)
        assert IDS[2] not in str(refused.value)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("town")
    town = pension_town(folder)
    with ProcessList() as listed, processes(town, HR, TAX) as nodes:
        nodes.grant()
        said = _ask_everything(nodes, folder)
        _forge(nodes)
        # Once more the log and the database as they are while the node runs, journal included.
        running = find_identifiers(folder, [*IDS, WRONG], _own_data(folder))
        assert running == []
        wait_for(lambda: any(b"serve" in line for line in listed.seen))
    return Left(folder, _own_data(folder), listed.seen, said)


def _own_data(folder: Path) -> list[Path]:
    """The provider's own data: its file, and what it built of that."""
    return [folder / HR / "data", folder / HR / "state" / "data"]


def test_data_file_would_be_found(left: Left) -> None:
    """The search finds what is there: else the tests below could not fail."""
    found = find_identifiers(left.folder, IDS[:500])
    assert len(found) >= 500


def test_no_identity_number_is_in_any_file(left: Left) -> None:
    assert find_identifiers(left.folder, [*IDS, WRONG], left.skip) == []


def test_no_claimed_name_is_in_any_file(left: Left) -> None:
    for path in left.folder.rglob("*"):
        if path.is_file() and not any(path.is_relative_to(own) for own in left.skip):
            content = path.read_bytes()
            assert not any(name.encode() in content for name in NAMES[8:10]), path


def test_files_that_matter_were_searched(left: Left) -> None:
    for part in (f"{HR}/state/node.db", f"{TAX}/state/node.db", f"{HR}/output.log", "export"):
        assert (left.folder / part).stat().st_size > 0


def test_no_identity_number_is_in_an_error_or_on_the_terminal(left: Left) -> None:
    assert len(left.said) > 15
    everything = "\n".join(left.said).upper()
    for number in (*IDS, WRONG):
        assert number not in everything
    assert not any(name in everything for name in NAMES[8:10])


def test_no_identity_number_is_in_the_process_list(left: Left) -> None:
    assert any(b"verify" in line for line in left.seen)
    everything = b"\n".join(left.seen).upper()
    for number in (*IDS, WRONG):
        assert number.encode() not in everything


def test_log_lines_hold_no_answer_and_no_trace(left: Left) -> None:
    for code in (HR, TAX):
        lines = (left.folder / code / "output.log").read_text()
        assert "serving" in lines
        assert "Traceback" not in lines
        assert " ERROR " not in lines


def test_nobody_else_may_read_what_a_node_keeps(left: Left) -> None:
    for code in (HR, TAX):
        for part in ("state/node.db", "keys", "state"):
            assert (left.folder / code / part).stat().st_mode & 0o077 == 0

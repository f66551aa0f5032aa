"""Claims about the first steps with `dxnode`: what `init` says to do next works, up to the first answer."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.town import HR, TAX
from support.waiting import PATIENCE

from node.demo.ports import free_ports
from node.demo.process import NodeProcess

PURPOSE = "social-insurance/pension/deferral"


def dxnode(command: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command line as it is typed in a folder; it has to succeed."""
    arguments = [sys.executable, "-m", "node.cli.main", *shlex.split(command)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DXNODE_")}
    done = subprocess.run(  # noqa: S603 - this interpreter, this package
        arguments,
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=kept | {"DXNODE_LANG": "en", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, f"dxnode {command}\n{done.stdout}{done.stderr}"
    return done


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """The node of a folder, until the end of the block."""
    process = NodeProcess(folder / "node.yaml", folder / "state" / "desk.sock", folder / "output")
    process.start()
    try:
        process.wait_until_healthy(PATIENCE)
        yield
    finally:
        process.ask_to_stop()
        process.wait(PATIENCE)


def neighbours() -> int:
    """A free port whose next one is free too."""
    for _ in range(50):
        (port,) = free_ports(1)
        try:
            with ExitStack() as held:
                for number in (port, port + 1):
                    held.enter_context(socket.create_server(("127.0.0.1", number)))
        except (OSError, OverflowError):
            continue
        return port
    raise AssertionError("no two ports are free")


def test_two_nodes_on_one_machine_are_made_and_one_gets_its_first_answer(tmp_path: Path) -> None:
    # One by the commands for development that init prints, the other with --dev-authority.
    made = dxnode(f"init hr --advertise localhost:{neighbours()}", tmp_path)
    steps = [line.strip() for line in made.stderr.splitlines() if line.startswith("     dxnode ")]
    assert len(steps) == 4
    key = dxnode(steps[0].removeprefix("dxnode "), tmp_path).stdout.strip()
    config = tmp_path / "hr" / "node.yaml"
    lines = config.read_text("utf-8").splitlines()
    text = "\n".join(f"authority: {key}" if line.startswith("authority:") else line for line in lines)
    config.write_text(text.replace("unsigned: false", "unsigned: true"), "utf-8")
    for step in steps[1:]:
        dxnode(step.removeprefix("dxnode "), tmp_path)
    tax = f"init tax --dev-authority hr-authority --code {TAX} --advertise localhost:{neighbours()}"
    dxnode(tax, tmp_path)
    (tmp_path / "hr" / "directory.note").write_bytes((tmp_path / "hr-authority/directory.note").read_bytes())
    with serving(tmp_path / "hr"), serving(tmp_path / "tax"):
        issued = dxnode(
            f"grant issue --config hr/node.yaml --to {TAX} --dataset example-enrolment"
            f" --question is-enrolled --purpose {PURPOSE} --until 2099-12-31 --basis x --scenario y",
            tmp_path,
        )
        shown = dxnode(f"grant show {issued.stdout.strip()} --config hr/node.yaml", tmp_path).stdout
        assert "2099-12-31\n" in shown
        assert "2100" not in shown
        dxnode("grant received --refresh --config tax/node.yaml", tmp_path)
        register = (tmp_path / "hr" / "data" / "example-enrolment.csv").read_text("utf-8").splitlines()[1:]
        for row in register:
            subject, _, status, _ = row.split(",")
            said = dxnode(
                f"verify {HR}/example-enrolment/is-enrolled --subject-from - --config tax/node.yaml"
                f" --purpose {PURPOSE} --case DG-1",
                tmp_path,
                stdin=f"{subject}\n",
            )
            assert said.stdout == ("yes\n" if status == "active" else "not verified\n")

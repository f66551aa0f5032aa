"""An answer that does not come: who hung is named, and a command is shown that fetches it, charged once."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import pytest
from support.cli_run import Ran, dxnode
from support.processes import Processes, processes, read_ended
from support.running import CASE, DEFERRAL, ENROLLED, pension_policy, pension_town, resident
from support.town import HR, TAX, Town, free_port
from support.waiting import PATIENCE, wait_for

from node.cli.terminal.exits import Exit
from node.client import Client, new_exchange_id
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

HURRY = "limits: {deadline_seconds: 6, source_seconds: 1, counts_wait_seconds: 1}\n"
ASK = ("verify", ENROLLED, "--purpose", DEFERRAL, "--case", CASE)
LATER = "fetch the answer, which is charged once at most: "


class Proxy:
    """Between two nodes; what comes while it is `frozen` stands still until it is not."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._goes_on = threading.Event()
        self._goes_on.set()
        self._server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._goes_on.clear()
        try:
            yield
        finally:
            self._goes_on.set()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._server.accept()
                try:
                    there = socket.create_connection(("127.0.0.1", self._to))
                except OSError:  # nobody listens there yet
                    here.close()
                    continue
                for source, target in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._goes_on.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def frozen(nodes: Processes, code: str) -> Iterator[None]:
    """As under a debugger, or in a machine that is being moved: the process is there, and does nothing."""
    pid = nodes.nodes[code].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def proxy_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, proxy_port: int) -> Town:
    """Each subject may be asked about twice a day; human resources is reached through a proxy."""
    folder = tmp_path_factory.mktemp("town")
    town = pension_town(folder, pension_policy(per_subject_per_day="2"), extra=HURRY)
    town.publish(replace(town.member(HR), endpoint=f"127.0.0.1:{proxy_port}"))
    return town


@pytest.fixture(scope="module")
def proxy(town: Town, proxy_port: int) -> Iterator[Proxy]:
    proxy = Proxy(proxy_port, town.offices[HR].exchange_port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def nodes(town: Town, proxy: Proxy) -> Iterator[Processes]:
    with processes(town, HR, TAX) as nodes:
        nodes.grant()
        with nodes.client(TAX) as tax:
            _fetch(tax, 0, new_exchange_id())  # so that the link between them stands
        yield nodes
    provider, requester = read_ended(town, HR), read_ended(town, TAX)
    assert provider.findings == requester.findings == ()
    assert all(len(found) == 1 for found in provider.verdicts.values())
    for outcomes in requester.outcomes.values():
        assert outcomes[-1].kind in (rec.OUTCOME_KIND_ANSWERED, rec.OUTCOME_KIND_DENIED)


def _ask(client: Client, number: int) -> bool:
    return client.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer


def _fetch(client: Client, number: int, exchange_id: bytes) -> bool:
    """The answer under an id, asked for until it is there."""
    said: list[bool] = []

    def is_there() -> bool:
        try:
            given = client.verify(
                ENROLLED, resident(number), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id
            )
        except NodeError as error:
            if error.reason not in (Reason.TIMEOUT, Reason.PEER_UNAVAILABLE):
                raise
            return False
        said.append(given.answer)
        return True

    wait_for(is_there)
    return said[-1]


def ask(town: Town, number: int, *options: str) -> Ran:
    config = town.offices[TAX].config
    return dxnode(*ASK, "--config", config, *options, stdin=resident(number))


def fetched(ran: Ran, number: int) -> Ran:
    """What the command brings that was shown, as it stands."""
    (line,) = [line for line in ran.err.splitlines() if LATER in line]
    command = line.partition(LATER)[2]
    assert resident(number) not in ran.err
    program, *arguments = shlex.split(command)
    assert program == "dxnode"
    return fetching(arguments, number)


def fetching(arguments: Sequence[str], number: int) -> Ran:
    """The same command until there is an answer: on a busy machine these hurried nodes miss one more."""
    said: list[Ran] = []

    def is_there() -> bool:
        said.append(dxnode(*arguments, stdin=resident(number)))
        return said[-1].code != Exit.UNAVAILABLE

    wait_for(is_there)
    return said[-1]


def shown_before(ran: Ran) -> str:
    """The exchange id that was shown before it was asked."""
    first = ran.err.splitlines()[0]
    assert first.startswith("exchange ")
    return first.removeprefix("exchange ")


def is_charged_once(nodes: Processes, number: int) -> None:
    """Of two a day, one is left."""
    with nodes.client(TAX) as tax:
        _fetch(tax, number, new_exchange_id())
        with pytest.raises(NodeError) as used_up:
            _fetch(tax, number, new_exchange_id())
        assert used_up.value.reason is Reason.QUOTA_EXHAUSTED


@dataclass(slots=True)
class Hung:
    """What was told while the provider hung, to all who asked meanwhile: each waits for as long."""

    ran: Ran
    json: Ran
    others: list[Ran]
    python: NodeError


@pytest.fixture(scope="module")
def hung(town: Town, nodes: Processes) -> Hung:
    python: list[NodeError] = []

    def ask_by_python() -> None:
        with nodes.client(TAX) as tax, pytest.raises(NodeError) as lost:
            _ask(tax, 12)
        python.append(lost.value)

    by_python = threading.Thread(target=ask_by_python)
    with frozen(nodes, HR):
        by_python.start()
        asked = [
            started(town, 10, *ASK, "--json", "--lang", "zh"),
            started(town, 0, "catalogue", "list", "--provider", HR),
            started(town, 0, "catalogue", "show", f"{HR}/pension-insurance"),
        ]
        ran = ask(town, 2)
        by_json, *others = map(ended, asked)
        by_python.join()
    return Hung(ran, by_json, others, python[0])


def started(town: Town, number: int, *arguments: str) -> subprocess.Popen[str]:
    """A command in a process of its own, with an identifier to read."""
    config = str(town.offices[TAX].config)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "node.cli.main", *arguments, "--config", config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DXNODE_LANG": "en"},
    )
    assert process.stdin is not None
    process.stdin.write(resident(number) + "\n")
    process.stdin.flush()
    return process


def ended(process: subprocess.Popen[str]) -> Ran:
    out, err = process.communicate(timeout=PATIENCE)
    return Ran(process.returncode, out, err)


def test_provider_that_hangs_is_named_and_its_answer_fetched(nodes: Processes, hung: Hung) -> None:
    ran = hung.ran
    assert (ran.code, ran.out) == (Exit.UNAVAILABLE, "")
    assert "TIMEOUT" in ran.err
    assert f"the node of department {HR} ({HR}) did not answer in time" in ran.err
    assert "own node" not in ran.err
    assert shown_before(ran) in ran.err.splitlines()[-1]
    said = fetched(ran, 2)
    assert (said.code, said.out) == (Exit.OK, "yes\n")
    is_charged_once(nodes, 2)


def test_proxy_that_hangs_hides_nobody(town: Town, nodes: Processes, proxy: Proxy) -> None:
    with proxy.frozen():
        ran = ask(town, 4)
    assert ran.code == Exit.UNAVAILABLE
    assert f"the node of department {HR} ({HR})" in ran.err
    assert fetched(ran, 4).out == "yes\n"
    is_charged_once(nodes, 4)


def test_answer_that_is_held_up_on_its_way_back_is_fetched(
    town: Town, nodes: Processes, proxy: Proxy
) -> None:
    """The provider decided and charged, and the requester does not know: that is what the id is for."""
    with nodes.client(HR) as hr:
        size = hr.log.size()
        with proxy.frozen():
            asking = threading.Thread(target=lambda: ran.append(ask(town, 6)))
            ran: list[Ran] = []
            asking.start()
            asking.join()
        wait_for(lambda: hr.log.size() > size)
    assert fetched(ran[0], 6).out == "yes\n"
    is_charged_once(nodes, 6)


def test_own_node_that_hangs_is_named_as_such(town: Town, nodes: Processes) -> None:
    chosen = new_exchange_id().hex()
    with frozen(nodes, TAX):
        ran = ask(town, 8, "--timeout", "2", "--exchange-id", chosen)
    assert ran.code == Exit.UNAVAILABLE
    assert HR not in ran.err.partition("fetch")[0]
    assert "own node" in ran.err
    assert fetched(ran, 8).out == "yes\n"
    is_charged_once(nodes, 8)


def test_programs_get_the_id_and_the_command_with_the_error(hung: Hung) -> None:
    ran = hung.json
    told = json.loads(ran.err)["error"]
    assert (ran.out, told["reason"], told["metadata"]["peer"]) == ("", "TIMEOUT", HR)
    assert f"--exchange-id {told['exchange_id']}" in told["fetch"]
    assert resident(10) not in ran.err
    said = fetching(shlex.split(told["fetch"])[1:], 10)
    answer = json.loads(said.out)
    assert (answer["answer"], answer["proof"]["exchange_id"]) == (True, told["exchange_id"])


def test_python_client_has_the_id_in_the_error(nodes: Processes, hung: Hung) -> None:
    lost = hung.python
    assert (lost.reason, lost.metadata["peer"]) == (Reason.TIMEOUT, HR)
    with nodes.client(TAX) as tax:
        assert _fetch(tax, 12, bytes.fromhex(str(lost.metadata["exchange_id"]))) is True
    is_charged_once(nodes, 12)


def test_other_calls_name_who_hung_too(hung: Hung) -> None:
    assert len(hung.others) == 2
    for ran in hung.others:
        assert (ran.code, HR in ran.err) == (Exit.UNAVAILABLE, True), ran.err


@pytest.mark.full("it takes as long as a node may stand still unnoticed")
def test_own_node_that_hangs_is_noticed_long_before_it_could_be_busy(town: Town, nodes: Processes) -> None:
    with Client(f"unix:{town.offices[TAX].socket}") as tax:
        tax.grants()
        with frozen(nodes, TAX), pytest.raises(NodeError) as lost:
            _ask(tax, 14)
        assert lost.value.metadata["peer"] == "desk"
    with nodes.client(TAX) as tax:
        assert _fetch(tax, 14, bytes.fromhex(lost.value.metadata["exchange_id"])) is True

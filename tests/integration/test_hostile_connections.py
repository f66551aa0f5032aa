"""Whoever can connect to a node, with a certificate or not, cannot stop it, fill it up or flood its log."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from support.forger import Forger, forging
from support.http2 import DATA, END_HEADERS, GOAWAY, HEADERS, PING, RST_STREAM, Line, dial, frame, request
from support.processes import Processes, processes
from support.running import pension_town
from support.town import HR, MEDICAL, TAX, Office, Town
from support.waiting import PATIENCE, wait_for

from node.app.node import Node
from node.app.ports import CONNECTIONS
from node.app.service import serve
from node.client import Client
from node.client.desk_tls import Credentials
from node.errors import NodeError, Reason
from node.rpc.inflow import MESSAGES, STREAMS
from node.v1 import exchange_pb2 as pb

ASK = b"/node.v1.ExchangeService/Ask"
BATCH = b"/node.v1.ExchangeService/AskBatch"
CHECK = b"/grpc.health.v1.Health/Check"
WATCH = b"/grpc.health.v1.Health/Watch"
DESK_ASK = b"/node.v1.DeskService/Ask"
DESK_BATCH = b"/node.v1.DeskService/AskBatch"
LARGEST = 4 << 20
SLOWLY = pytest.mark.full("messages sent in part take long on each port and call")
CONCURRENT = 256


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Human resources runs, as a process of its own; the tax office and medical insurance call it."""
    town = pension_town(tmp_path_factory.mktemp("town"))
    (town.folder / "roots.pem").write_bytes(town.tls_authority.certificate)
    with processes(town, HR) as running:
        yield running


@pytest.fixture
def hr(town: Processes) -> Iterator[Office]:
    """The office whose node is attacked; it has to be the same process afterwards, and to serve."""
    node = town.nodes[HR]
    before = node.pid
    yield town.town.offices[HR]
    assert node.pid == before, node.last_output()
    node.wait_until_healthy(PATIENCE)
    for port in ("exchange", "desk"):
        wait_for(partial(is_served, town, port))


def is_served(town: Processes, port: str) -> bool:
    """Whether a call of who attacked is answered: its places come back once its connection is gone."""
    with closing(line(town, port)) as each:
        # A call that is refused brings no data: then it is made again.
        return each.wait(DATA, each.call(CHECK), 2.0) is not None


def line(town: Processes, port: str, caller: str = TAX, window: int | None = None) -> Line:
    """A member's line to the exchange port, or one of a desk user of the role `caller` to the desk."""
    office = town.town.offices[HR]
    if port == "exchange":
        folder = town.town.offices[caller].folder / "tls"
        files = town.town.folder / "roots.pem", folder / "exchange.pem", folder / "exchange.key"
    else:
        folder = office.desk_user("clerk" if caller == TAX else caller)
        files = folder / "roots.pem", folder / "cert.pem", folder / "key.pem"
    context = ssl.create_default_context(cafile=str(files[0]))
    context.load_cert_chain(files[1], files[2])
    context.set_alpn_protocols(["h2"])
    return dial(context, office.exchange_port if port == "exchange" else office.desk_port, window)


def is_answered(forger: Forger) -> bool:
    """Whether a member's call is looked at: an empty envelope is refused for what it is."""
    with pytest.raises(NodeError) as refused:
        forger.answer(pb.Envelope())
    return refused.value.reason is Reason.ENVELOPE_INVALID


def printed(town: Processes) -> bytes:
    """What the node has printed so far."""
    return Path(town.nodes[HR].output).read_bytes()


# --- what stopped a node ---


@pytest.mark.parametrize("port", ["exchange", "desk"])
def test_path_that_is_no_text_ends_no_port(town: Processes, hr: Office, port: str) -> None:
    with closing(line(town, port)) as bad:
        for path in (b"/\xff\xfe/x", b"\xff", b"/node.v1.ExchangeService/\xe4\xbd"):
            told = bad.wait(HEADERS, bad.call(path))
            assert told is not None
            assert b"Method not found!" in told
        assert bad.wait(DATA, bad.call(CHECK)) is not None


def test_node_whose_port_ended_by_itself_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(tmp_path)
    office = town.add(TAX)
    town.publish()
    started = Node.start

    async def start(node: Node) -> None:
        await started(node)
        await node._ports.exchange.stop(0)

    monkeypatch.setattr(Node, "start", start)
    with pytest.raises(NodeError) as ended:
        asyncio.run(asyncio.wait_for(serve(office.config), PATIENCE))
    assert ended.value.reason is Reason.INTERNAL


# --- places that one caller could hold for ever ---


def test_calls_that_never_send_a_message_leave_the_others_their_places(town: Processes, hr: Office) -> None:
    with closing(line(town, "exchange")) as bad, forging(town.town, MEDICAL) as medical:
        last = [bad.call(ASK, None) for _ in range(CONCURRENT)][-1]
        assert bad.wait(HEADERS, last) is not None  # refused: half of the places are taken
        assert is_answered(medical)
        with forging(town.town, TAX) as tax, pytest.raises(NodeError) as refused:
            tax.answer(pb.Envelope())
        assert refused.value.reason is Reason.RATE_LIMITED
    with forging(town.town, TAX) as tax:
        wait_for(lambda: is_answered(tax))


def resident_mb(pid: int) -> int:
    """The memory of a process, in MB."""
    (line,) = (each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in each)
    return int(line.split()[1]) // 1024


@pytest.mark.parametrize(
    ("port", "path", "caller"),
    [
        ("exchange", ASK, TAX),
        pytest.param("exchange", BATCH, TAX, marks=SLOWLY),
        pytest.param("desk", DESK_ASK, "clerk", marks=SLOWLY),
        ("desk", DESK_BATCH, "system"),
    ],
)
def test_messages_that_a_caller_sends_in_part_hold_little_and_nobody_elses_calls(
    town: Processes, hr: Office, port: str, path: bytes, caller: str
) -> None:
    pid = town.nodes[HR].pid
    assert pid is not None
    before = resident_mb(pid)
    with closing(line(town, port, caller)) as bad, forging(town.town, MEDICAL) as medical:
        sent = bad.pour([bad.call(path, None) for _ in range(CONCURRENT // 2)], LARGEST)
        # In the window of a call is what was not asked for; of half of the calls it is 8 MB.
        assert sent < (max(MESSAGES, STREAMS) + 3) * LARGEST
        assert resident_mb(pid) - before < 2 * sent / 2**20 + 20
        assert is_answered(medical)
        with town.client(HR) as operator:
            assert operator.admin.status().state == "SERVING"


def test_answers_that_a_caller_does_not_let_through_leave_the_others_their_places(
    town: Processes, hr: Office
) -> None:
    with closing(line(town, "exchange", window=0)) as bad, forging(town.town, MEDICAL) as medical:
        last = [bad.call(CHECK) for _ in range(CONCURRENT)][-1]
        assert bad.wait(HEADERS, last) is not None
        assert is_answered(medical)


def test_desk_caller_who_takes_all_it_can_locks_out_no_colleague_and_no_operator(
    town: Processes, hr: Office
) -> None:
    office = town.town.offices[HR]
    folder = office.desk_user("auditor")
    credentials = Credentials(folder / "cert.pem", folder / "key.pem", folder / "roots.pem")
    with closing(line(town, "desk")) as bad:
        last = [bad.call(DESK_ASK, None) for _ in range(CONCURRENT)][-1]
        assert bad.wait(HEADERS, last) is not None
        with town.client(HR) as operator:
            assert operator.admin.status().state == "SERVING"
        with Client(f"127.0.0.1:{office.desk_port}", credentials, timeout=PATIENCE) as auditor:
            assert auditor.admin.status().state == "SERVING"


def test_streams_opened_and_reset_at_once_keep_no_places(town: Processes, hr: Office) -> None:
    with closing(line(town, "exchange")) as bad, forging(town.town, MEDICAL) as medical:
        head = request(BATCH)
        for stream in range(1, 20_000, 2):
            bad.send(frame(HEADERS, END_HEADERS, stream, head), frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
        assert is_answered(medical)
    with forging(town.town, TAX) as tax:
        wait_for(lambda: is_answered(tax))


def test_watcher_of_health_who_reads_nothing_holds_up_no_reload(town: Processes, hr: Office) -> None:
    with closing(line(town, "exchange", window=0)) as exchange, closing(line(town, "desk", window=0)) as desk:
        for bad in (exchange, desk):
            assert bad.wait(HEADERS, bad.call(WATCH)) is not None
        with town.client(HR, timeout=PATIENCE) as operator:
            for _ in range(2):
                operator.admin.reload()


def test_connections_of_strangers_leave_the_node_its_files_and_its_operator(
    town: Processes, hr: Office
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pid = town.nodes[HR].pid
    assert pid is not None
    files, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    most = CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 4)
    with ExitStack() as stack, forging(town.town, MEDICAL) as medical:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        assert is_answered(medical)
        for _ in range(most + 200):
            stack.enter_context(socket.create_connection(("127.0.0.1", hr.exchange_port), PATIENCE))
        files_of = f"/proc/{pid}/fd"
        wait_for(lambda: len(os.listdir(files_of)) > most // 2)
        time.sleep(1)
        assert most // 2 < len(os.listdir(files_of)) < most + 100
        assert is_answered(medical)
        with town.client(HR) as operator:
            assert operator.admin.status().state == "SERVING"


def test_connection_that_shakes_no_hands_ends_soon(town: Processes, hr: Office) -> None:
    with socket.create_connection(("127.0.0.1", hr.exchange_port), PATIENCE) as idle:
        idle.settimeout(PATIENCE)
        assert idle.recv(1) == b""


def test_pings_without_end_end_the_connection(town: Processes, hr: Office) -> None:
    with closing(line(town, "exchange")) as bad:
        assert bad.wait(DATA, bad.call(CHECK)) is not None
        bad.send(*(frame(PING, body=number.to_bytes(8)) for number in range(20)))
        told = bad.wait(GOAWAY)
        assert told is not None
        assert b"too_many_pings" in told


# --- what flooded its log ---


def test_refused_streams_are_no_defects_in_the_log(town: Processes, hr: Office) -> None:
    before = len(printed(town))
    with closing(line(town, "exchange")) as bad:
        streams = [bad.call(BATCH, None) for _ in range(40)]
        assert bad.wait(HEADERS, streams[-1]) is not None
        time.sleep(0.5)
    assert b"failed" not in printed(town)[before:]


def test_headers_that_make_no_sense_leave_no_line_in_the_log(town: Processes, hr: Office) -> None:
    before = printed(town)
    with closing(line(town, "exchange")) as bad:
        for extra in ((b"note", b"\xff" * 1000), (b"grpc-encoding", b"none"), (b"user-agent", b"\xff")):
            assert bad.wait(HEADERS, bad.call(ASK, extra=[extra])) is not None
    with closing(line(town, "exchange")) as bad:
        assert bad.wait(HEADERS, bad.call(CHECK, b"\xff\xff")) is not None
    assert printed(town) == before

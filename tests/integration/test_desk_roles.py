"""Who may do what at the desk: certificates with a role, the operator's socket, and nobody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from support.log_audit import audit
from support.running import (
    BAND,
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    as_is,
    pension_grant,
    pension_town,
    resident,
    running,
)
from support.town import HR, MEDICAL, TAX
from support.waiting import PATIENCE

from node.client import Chunk, Client, Subject
from node.client.desk_tls import Credentials
from node.core.deciding.grant import GrantState
from node.core.role import OPERATOR, OPERATOR_FINGERPRINT
from node.crypto.certificates import Certified, issue_desk_user, issue_node, make_authority
from node.errors import NodeError, Reason

ROLES = """
roles:
  clerk: {questions: ["*/is-enrolled"], purposes: [social-insurance/pension]}
  system: {questions: ["*/*"], purposes: [social-insurance]}
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(pension_town(tmp_path_factory.mktemp("town"), extra=ROLES), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def _ask(client: Client, question: str = ENROLLED, purpose: str = DEFERRAL) -> object:
    return client.verify(question, resident(2), purpose=purpose, case=CASE).answer


def _batch(client: Client) -> object:
    chunks = [Chunk(0, (Subject(resident(2)),))]
    return list(client.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)))


DOINGS: dict[str, Callable[[Client], object]] = {
    "ask": _ask,
    "ask another question": lambda client: client.field(BAND, resident(2), purpose=DEFERRAL, case=CASE),
    "ask for another purpose": lambda client: _ask(client, purpose="city-planning"),
    "batch": _batch,
    "issue a grant": lambda client: client.admin.issue_grant(pension_grant(TAX, provider=TAX)),
    "suspend a grant": lambda client: client.admin.suspend_grant("g-0123456789abcdef", "why"),
    "list issued grants": lambda client: client.admin.issued_grants(),
    "list received grants": lambda client: client.grants(),
    "read the log": lambda client: list(client.log.records()),
    "prove": lambda client: client.log.inclusion_proof(0),
    "browse the catalogue": lambda client: client.catalogue(HR),
    "search the catalogue": lambda client: client.search_catalogue("养老", HR),
    "status": lambda client: client.admin.status(),
    "reload": lambda client: client.admin.reload(),
}
MAY = {
    "clerk": {"ask", "list received grants", "browse the catalogue", "search the catalogue"},
    "system": {
        "ask",
        "ask another question",
        "batch",
        "list received grants",
        "browse the catalogue",
        "search the catalogue",
    },
    "officer": {
        "issue a grant",
        "suspend a grant",
        "list issued grants",
        "list received grants",
        "read the log",
        "prove",
        "browse the catalogue",
        "search the catalogue",
        "status",
    },
    "auditor": {
        "list issued grants",
        "list received grants",
        "read the log",
        "prove",
        "browse the catalogue",
        "search the catalogue",
        "status",
    },
}
_FORBIDDEN = (Reason.QUESTION_NOT_ALLOWED, Reason.PURPOSE_NOT_ALLOWED)


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_its_own_and_no_more(nodes: Running, role: str, doing: str) -> None:
    before = len(nodes.leaves(HR))
    with nodes.user(TAX, role) as client:
        try:
            DOINGS[doing](client)
            reason = None
        except NodeError as error:
            reason = error.reason
    if doing in MAY[role]:
        assert reason not in _FORBIDDEN
        assert reason is not Reason.CALLER_UNIDENTIFIED
    else:
        assert reason in _FORBIDDEN
        assert len(nodes.leaves(HR)) == before


def test_what_the_desk_refuses_is_recorded(nodes: Running) -> None:
    with nodes.user(TAX, "auditor") as auditor, pytest.raises(NodeError):
        _ask(auditor)
    refusals = [r for r in nodes.records(TAX) if r.WhichOneof("body") == "refusals"]
    assert Reason.QUESTION_NOT_ALLOWED.wire in {r.refusals.reason for r in refusals}
    assert {r.requester for r in refusals} == {TAX}


def test_intent_names_the_callers_role_and_certificate(nodes: Running) -> None:
    with nodes.user(TAX, "clerk") as clerk:
        exchange_id = os.urandom(16)
        clerk.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    with nodes.operator(TAX) as operator:
        operator.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
    intents = {r.exchange_id: r.intent for r in nodes.records(TAX) if r.WhichOneof("body") == "intent"}
    assert intents[exchange_id].role == "clerk"
    assert len(intents[exchange_id].caller) == 32
    last = list(intents.values())[-1]
    assert (last.role, last.caller) == (OPERATOR, OPERATOR_FINGERPRINT)


def test_admin_action_is_recorded_with_who_did_it_and_why(nodes: Running) -> None:
    with nodes.user(HR, "officer") as officer:
        issued = officer.admin.issue_grant(pension_grant())
        officer.admin.suspend_grant(issued.id, "complaint 17")
        officer.admin.resume_grant(issued.id, "settled")
        officer.admin.revoke_grant(issued.id, "over")
        with pytest.raises(NodeError):
            officer.admin.resume_grant(issued.id)
        assert officer.admin.grant(issued.id).state is GrantState.REVOKED
    actions = [
        (r.admin.action, r.admin.role, len(r.admin.caller), r.admin.note)
        for r in nodes.records(HR)
        if r.admin.object == issued.id
    ]
    assert actions == [
        ("grant.issue", "officer", 32, "tax window"),
        ("grant.suspend", "officer", 32, "complaint 17"),
        ("grant.resume", "officer", 32, "settled"),
        ("grant.revoke", "officer", 32, "over"),
    ]


def test_reason_of_a_suspension_may_not_name_a_person(nodes: Running) -> None:
    with nodes.user(HR, "officer") as officer:
        issued = officer.admin.issue_grant(pension_grant())
        for note in ("", "  ", f"complaint of {resident(2)}", "x" * 501):
            with pytest.raises(NodeError) as refused:
                officer.admin.suspend_grant(issued.id, note)
            assert refused.value.reason is Reason.QUERY_INVALID
        assert officer.admin.grant(issued.id).state is GrantState.ACTIVE


# --- who is nobody ---


def _credentials(folder: Path, user: Certified, roots: bytes) -> Credentials:
    for name, content in (("cert.pem", user.certificate), ("key.pem", user.key), ("roots.pem", roots)):
        (folder / name).write_bytes(content)
    return Credentials(folder / "cert.pem", folder / "key.pem", folder / "roots.pem")


def _refused_at(nodes: Running, credentials: Credentials) -> NodeError:
    office = nodes.town.offices[TAX]
    with (
        Client(f"127.0.0.1:{office.desk_port}", credentials, timeout=PATIENCE) as client,
        pytest.raises(NodeError) as refused,
    ):
        client.grants()
    return refused.value


def _now() -> datetime:
    return datetime.now(UTC)


def test_certificate_of_another_authority_does_not_connect(nodes: Running, tmp_path: Path) -> None:
    office = nodes.town.offices[TAX]
    user = issue_desk_user(
        make_authority("other", _now(), timedelta(days=1)), TAX, "clerk", "x", _now(), timedelta(days=1)
    )
    credentials = _credentials(tmp_path, user, office.desk_authority.certificate)
    assert _refused_at(nodes, credentials).wording.key == "error.client.certificate-refused"


def test_certificate_of_another_department_is_refused(nodes: Running, tmp_path: Path) -> None:
    authority = nodes.town.offices[TAX].desk_authority
    user = issue_desk_user(authority, MEDICAL, "clerk", "x", _now(), timedelta(days=1))
    credentials = _credentials(tmp_path, user, authority.certificate)
    assert _refused_at(nodes, credentials).reason is Reason.CALLER_UNIDENTIFIED


def test_certificate_without_a_role_is_refused(nodes: Running, tmp_path: Path) -> None:
    authority = nodes.town.offices[TAX].desk_authority
    user = issue_node(authority, TAX, ["127.0.0.1"], _now(), timedelta(days=1))
    credentials = _credentials(tmp_path, user, authority.certificate)
    assert _refused_at(nodes, credentials).reason is Reason.CALLER_UNIDENTIFIED


def test_expired_certificate_does_not_connect(nodes: Running, tmp_path: Path) -> None:
    authority = nodes.town.offices[TAX].desk_authority
    past = _now() - timedelta(days=2)
    user = issue_desk_user(authority, TAX, "clerk", "x", past, timedelta(days=1))
    credentials = _credentials(tmp_path, user, authority.certificate)
    assert _refused_at(nodes, credentials).wording.key == "error.client.certificate-refused"


@pytest.mark.parametrize("port", ["desk", "exchange"])
def test_no_port_speaks_without_tls_or_without_a_certificate(nodes: Running, port: str) -> None:
    office = nodes.town.offices[TAX]
    address = f"127.0.0.1:{office.desk_port if port == 'desk' else office.exchange_port}"
    roots = office.desk_authority.certificate if port == "desk" else nodes.town.tls_authority.certificate
    for channel in (
        grpc.insecure_channel(address),
        grpc.secure_channel(address, grpc.ssl_channel_credentials(roots)),
    ):
        call = channel.unary_unary("/grpc.health.v1.Health/Check", as_is, as_is)
        with channel, pytest.raises(grpc.RpcError) as refused:
            call(b"", timeout=3)
        assert isinstance(refused.value, grpc.Call)
        assert refused.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def test_desk_user_is_no_member_on_the_exchange_port(nodes: Running, tmp_path: Path) -> None:
    office = nodes.town.offices[TAX]
    folder = office.desk_user("system")
    credentials = grpc.ssl_channel_credentials(
        nodes.town.tls_authority.certificate,
        (folder / "key.pem").read_bytes(),
        (folder / "cert.pem").read_bytes(),
    )
    with grpc.secure_channel(nodes.town.member(HR).endpoint, credentials) as channel:
        call = channel.unary_unary("/node.v1.GrantService/ListGrants", as_is, as_is)
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=PATIENCE)


def test_socket_and_its_folder_are_the_operators_alone(nodes: Running) -> None:
    socket = nodes.town.offices[TAX].socket
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_reflection_is_off(nodes: Running) -> None:
    with grpc.insecure_channel(
        f"unix:{nodes.town.offices[TAX].socket}", options=[("grpc.default_authority", "desk")]
    ) as channel:
        path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        call = channel.stream_stream(path, as_is, as_is)
        with pytest.raises(grpc.RpcError) as refused:
            list(call(iter([b""]), timeout=PATIENCE))
        assert isinstance(refused.value, grpc.Call)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_node_will_not_ask_its_own_department(nodes: Running) -> None:
    with nodes.operator(HR) as hr, pytest.raises(NodeError) as refused:
        hr.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
    assert refused.value.reason is Reason.QUERY_INVALID


@pytest.mark.parametrize(
    ("question", "purpose", "case"),
    [
        (ENROLLED, DEFERRAL, f"case of {resident(2)}"),
        (ENROLLED, f"{DEFERRAL}/{resident(2).lower()}", CASE),
        (f"{HR}/pension-insurance/{resident(2)}", DEFERRAL, CASE),
        (ENROLLED, DEFERRAL, ""),
        (ENROLLED, DEFERRAL, "x" * 65),
        (ENROLLED, "", CASE),
        (ENROLLED, "x" * 201, CASE),
    ],
)
def test_desk_takes_no_identity_number_but_as_the_subject(
    nodes: Running, question: str, purpose: str, case: str
) -> None:
    before = len(nodes.records(TAX))
    with nodes.operator(TAX) as client, pytest.raises(NodeError) as refused:
        client.verify(question, resident(2), purpose=purpose, case=case)
    assert refused.value.reason is Reason.QUERY_INVALID
    added = nodes.records(TAX)[before:]
    assert all(r.WhichOneof("body") == "refusals" for r in added)
    assert not any(resident(2).encode() in leaf for leaf in nodes.leaves(TAX))


def test_after_all_that_both_logs_are_whole(nodes: Running) -> None:
    for code in (HR, TAX):
        with nodes.operator(code) as client:
            assert audit(client, nodes.town.member(code)) == []

"""A small working desk in memory, served on a Unix socket, that notes what it was asked."""

# ruff: noqa: N802 - gRPC looks its methods up by these names

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final, NoReturn

import grpc
from google.protobuf.message import Message as ProtoMessage
from grpc_status import rpc_status
from support.fake_catalogue import (
    DATASET,
    PROVIDER,
    PURPOSE,
    REQUESTER,
    Context,
    FakeCatalogue,
    catalogue_dataset,
)
from support.plain_log import consistency, inclusion, tree_hash
from support.waiting import PATIENCE

from node.core.identity import check_character
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import hash_leaves
from node.core.messages.grant_message import grant_from_message
from node.core.own_grant import covering_grant
from node.core.policy.question_kind import COMMANDS, QuestionKind
from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.errors import NodeError, Reason
from node.rpc.grpc_status import to_status
from node.texts.carried import to_text
from node.texts.message import Message
from node.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
    desk_pb2,
    desk_pb2_grpc,
    grant_pb2,
    grant_pb2_grpc,
    record_pb2,
    usage_log_pb2,
    usage_log_pb2_grpc,
)

VERIFY = f"{PROVIDER}/{DATASET}/is-enrolled"
FIELD = f"{PROVIDER}/{DATASET}/contribution-band"
COUNT = f"{PROVIDER}/{DATASET}/enrolled-by-region"
LOAD: Final = record_pb2.DataLoad(number=3, time_ms=1_795_320_000_000, as_of_ms=1_795_318_200_000)
EXCHANGE = bytes(range(16))
STRICT_SINCE: Final = datetime(2026, 12, 1, tzinfo=UTC)
PURPOSES: Final = (
    ("social-insurance", "社会保险", "Social insurance"),
    ("social-insurance/pension", "基本养老保险", "Pension insurance"),
    (PURPOSE, "养老保险延缴办理", "Deferral of contributions"),
    ("tax/refund", "退税", "Tax refund"),
)
KINDS = {"is-enrolled": "verify", "contribution-band": "field", "enrolled-by-region": "statistic"}

LOG_SIGNER = Signer(f"dxnode/{REQUESTER}", SignatureSuite.ED25519, bytes(32))
EXPIRED = datetime(2026, 11, 30, 16, tzinfo=UTC)
COSIGNER = Signer(f"dxnode/{REQUESTER}", SignatureSuite.ML_DSA_65, bytes(32))

BY_CHANCE = "44190019500101024X"
"""An identity number with a wrong digit, which is a credit code by chance."""


def resident(number: int) -> str:
    """A valid resident identity number, made up; a different one for each number below 50,000."""
    body = f"441900{1950 + number // 1000}0101{number % 1000:03}"
    return body + check_character(body)


def enrolled(subject: str) -> bool:
    """What the fake provider says of a subject."""
    return int(subject[-2]) % 2 == 0


def grant_message(roles: Sequence[str] = (), **changes: str | int) -> grant_pb2.Grant:
    """A grant as the desk lists it."""
    grant = grant_pb2.Grant(
        id="g-1",
        provider=PROVIDER,
        requester=REQUESTER,
        dataset=DATASET,
        questions=["is-enrolled", "contribution-band"],
        purposes=["social-insurance/pension"],
        valid_from_ms=1_764_000_000_000,
        valid_until_ms=1_830_000_000_000,
        state=grant_pb2.GRANT_STATE_ACTIVE,
        basis="《社会保险法》第十六条",
        scenario="税务窗口延缴办理",
        roles=roles,
        kinds=[catalogue_pb2.QUESTION_KIND_VERIFY, catalogue_pb2.QUESTION_KIND_FIELD],
    )
    for name, value in changes.items():
        setattr(grant, name, value)
    return grant


@dataclass
class FakeDesk:
    """What the desk knows and does; tests change it, and read what it was asked."""

    leaves: list[bytes] = field(default_factory=list)
    grants: dict[str, grant_pb2.Grant] = field(default_factory=lambda: {"g-1": grant_message()})
    fresh: dict[str, grant_pb2.Grant] = field(default_factory=dict)
    """Grants that it comes to know by asking the providers again."""
    strict: bool = False
    """It asks, and approves, only what there is; else whatever it is told."""
    fail_with: NodeError | None = None
    refuse: dict[int, Reason] = field(default_factory=dict)
    """Chunk number to the reason it is refused for."""
    break_at: int | None = None
    """The stream ends with UNAVAILABLE in place of this chunk's result."""
    most_subjects: int = 0
    """Chunks about more are refused, without saying so before; 0: none."""
    used_today: list[grant_pb2.DayUse] = field(default_factory=list)
    over_limit: set[str] = field(default_factory=set)
    rule_limits: dict[str, int] = field(default_factory=dict)
    """Limits of a rule that allows what is asked in batches, by their names in the catalogue."""
    hold_at: int | None = None
    """From this chunk on nothing is answered before `go` is set; `holding` tells that it has come."""
    at_chunk: Callable[[int], None] | None = None
    """Called with the number of each chunk that comes."""
    hold_limits: bool = False
    """The same for questions about the catalogue."""
    holding: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)
    frames: list[int] = field(default_factory=list)
    """How many calls each frame of a stream of questions had."""
    called_off: list[int] = field(default_factory=list)
    silent: bool = False
    """Questions on a stream are heard, and not answered."""
    largest_chunk: int = 0
    """Bytes of the largest chunk that came."""
    asked: list[desk_pb2.DeskServiceAskRequest] = field(default_factory=list)
    chunks: list[tuple[bytes, int, tuple[str, ...]]] = field(default_factory=list)
    """Batch id, number and subjects of every chunk that was asked."""
    claims: list[Mapping[str, str]] = field(default_factory=list)
    """Claims of every subject that was asked about in a batch."""
    revoked: list[desk_pb2.RevokedDeskCertificate] = field(default_factory=list)

    def size(self) -> int:
        return len(self.leaves)

    def note(self, *signers: Signer) -> bytes:
        """The newest checkpoint."""
        root = tree_hash(hash_leaves(self.leaves))
        return sign_note(
            Checkpoint(f"dxnode/{REQUESTER}", self.size(), root).body(), *(signers or (LOG_SIGNER,))
        )


def answers_for(query: desk_pb2.Query, subjects: tuple[str, ...], over_limit: set[str]) -> record_pb2.Answers:
    """The answers to a chunk; a field question gives a band, and nothing for some."""
    refused = [position for position, subject in enumerate(subjects) if subject in over_limit]
    answers = record_pb2.Answers(salt=bytes(32), refused=refused)
    if query.question == "contribution-band":
        answers.field.answers.extend(
            record_pb2.FieldAnswer(present=True, value="[0,60)")
            if enrolled(subject)
            else record_pb2.FieldAnswer()
            for subject in subjects
        )
    else:
        answers.verify.results.extend(enrolled(subject) for subject in subjects)
    return answers


def _fail(context: Context, error: NodeError) -> NoReturn:
    context.abort_with_status(rpc_status.to_status(to_status(error)))
    raise AssertionError("abort returns never")


def _require_granted(desk: FakeDesk, query: desk_pb2.Query, context: Context) -> None:
    grants = [grant_from_message(each) for each in desk.grants.values() if each.provider == query.provider]
    try:
        covering_grant(grants, query.dataset, query.question, query.purpose, STRICT_SINCE, "clerk")
    except NodeError as error:
        _fail(context, error)
    if query.purpose != PURPOSE:
        _fail(context, NodeError.by_reason(Reason.PURPOSE_NOT_ALLOWED))


class _Desk(desk_pb2_grpc.DeskServiceServicer):
    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk

    def Ask(
        self, request: desk_pb2.DeskServiceAskRequest, context: Context
    ) -> desk_pb2.DeskServiceAskResponse:
        desk = self._desk
        if desk.fail_with is not None:
            _fail(context, desk.fail_with)
        if desk.strict:
            _require_granted(desk, request.query, context)
        desk.asked.append(request)
        kind = catalogue_pb2.QuestionKind.Name(request.query.kind).rpartition("_")[2].lower()
        if kind != KINDS.get(request.query.question, kind):
            right = QuestionKind(KINDS[request.query.question])
            wrong = NodeError(
                Reason.QUERY_INVALID,
                "error.exchange.question-kind",
                kind=right,
                commands=COMMANDS[right],
                clause="question.kind",
            )
            _fail(context, wrong)
        proof = desk_pb2.Proof(
            exchange_id=request.exchange_id or EXCHANGE,
            own_index=2,
            provider_index=7,
            provider_size=9,
            rule="tax-deferral",
            load=LOAD,
        )
        if request.query.question == "enrolled-by-region":
            release = record_pb2.StatisticAnswer(
                cells=[
                    record_pb2.StatisticCell(key=["441900003"], count=120),
                    record_pb2.StatisticCell(key=["441900004"], count=-2),
                ],
                epsilon_micros=500_000,
                accuracy_95=6,
                load=LOAD,
                reused=True,
            )
            return desk_pb2.DeskServiceAskResponse(answers=record_pb2.Answers(statistic=release), proof=proof)
        answers = answers_for(request.query, (request.subject.id,), desk.over_limit)
        return desk_pb2.DeskServiceAskResponse(answers=answers, proof=proof)

    def AskMany(
        self, requests: Iterator[desk_pb2.AskManyRequest], context: Context
    ) -> Iterator[desk_pb2.AskManyResponse]:
        desk = self._desk
        for request in requests:
            desk.frames.append(len(request.calls))
            answers = []
            for call in request.calls:
                if not call.HasField("ask"):
                    desk.called_off.append(call.number)
                elif desk.fail_with is not None:
                    refusal = desk_pb2.Refusal(
                        reason=desk.fail_with.reason.wire, wording=to_text(desk.fail_with.wording)
                    )
                    answers.append(desk_pb2.AskManyAnswer(number=call.number, refusal=refusal))
                else:
                    answer = self.Ask(call.ask, context)
                    answers.append(desk_pb2.AskManyAnswer(number=call.number, answer=answer))
            if desk.break_at is not None:
                _fail(context, NodeError(Reason.DRAINING, "error.exchange.shutting-down"))
            if not desk.silent:
                yield desk_pb2.AskManyResponse(answers=answers[::-1])

    def AskBatch(
        self, requests: Iterator[desk_pb2.DeskServiceAskBatchRequest], context: Context
    ) -> Iterator[desk_pb2.DeskServiceAskBatchResponse]:
        desk = self._desk
        if desk.fail_with is not None:
            _fail(context, desk.fail_with)
        header = next(requests).header
        for request in requests:
            number = request.chunk.chunk
            subjects = tuple(subject.id for subject in request.chunk.subjects)
            desk.largest_chunk = max(desk.largest_chunk, request.ByteSize())
            if desk.break_at == number:
                _fail(context, NodeError(Reason.PEER_UNAVAILABLE, "error.client.batch-ended-early"))
            desk.chunks.append((header.batch_id, number, subjects))
            if desk.at_chunk is not None:
                desk.at_chunk(number)
            if desk.hold_at is not None and number >= desk.hold_at:
                desk.holding.set()
                desk.go.wait(PATIENCE)
            desk.claims += [dict(subject.claims) for subject in request.chunk.subjects]
            response = desk_pb2.DeskServiceAskBatchResponse(chunk=number)
            response.proof.exchange_id = header.batch_id[:12] + number.to_bytes(4, "big")
            if number not in desk.refuse:
                response.proof.load.CopyFrom(LOAD)
            if desk.most_subjects and len(subjects) > desk.most_subjects:
                reason = Reason.QUERY_INVALID.wire
                response.refusal.CopyFrom(desk_pb2.Refusal(reason=reason, clause="subjects"))
            elif number in desk.refuse:
                refusal = desk_pb2.Refusal(
                    reason=desk.refuse[number].wire, rule="r-1", clause="limits.per_day"
                )
                response.refusal.CopyFrom(refusal)
            else:
                response.answers.CopyFrom(answers_for(header.query, subjects, desk.over_limit))
            yield response

    def BrowseCatalogue(
        self, request: desk_pb2.BrowseCatalogueRequest, context: Context
    ) -> desk_pb2.BrowseCatalogueResponse:
        summary = catalogue_dataset(request.provider or REQUESTER).summary
        if self._desk.hold_limits:
            self._desk.holding.set()
            self._desk.go.wait(PATIENCE)
        if not request.dataset:
            return desk_pb2.BrowseCatalogueResponse(
                datasets=[catalogue_pb2.Dataset(summary=summary)],
                purposes=[
                    desk_pb2.PurposeTitle(code=code, title=title, title_en=title_en)
                    for code, title, title_en in PURPOSES
                ],
            )
        if request.dataset != DATASET:
            _fail(context, NodeError(Reason.NOT_SHARED, "error.rpc.dataset-unknown"))
        entry = catalogue_dataset(summary.provider)
        if limits := self._desk.rule_limits:
            entry.rules.add(
                id="batches",
                allow=["is-enrolled", "contribution-band"],
                per_day=limits.get("per_day", 0),
                per_subject_per_day=limits.get("per_subject_per_day", 0),
            )
        return desk_pb2.BrowseCatalogueResponse(datasets=[entry])


class _Admin(desk_pb2_grpc.AdminServiceServicer):
    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk

    def GetStatus(self, request: ProtoMessage, context: Context) -> desk_pb2.GetStatusResponse:
        return desk_pb2.GetStatusResponse(
            department=REQUESTER,
            title="市税务局",
            version="0.1.0",
            state="DEGRADED",
            part_problems=[
                desk_pb2.PartProblem(
                    part="source",
                    name="tax-payment",
                    wording=to_text(Message("error.source.database-silent")),
                )
            ],
            log_size=self._desk.size(),
            directory_version=3,
            directory_expires_ms=1_830_000_000_000,
            policy_digest=bytes(32),
            datasets=[
                desk_pb2.DatasetStatus(
                    dataset="tax-payment",
                    rows=10,
                    invalid_subjects=1,
                    lines=12,
                    header_lines=1,
                    load=LOAD,
                    exactness=desk_pb2.EXACTNESS_READ,
                )
            ],
            active_grants=1,
            keys=[desk_pb2.KeyStatus(use="log", key_id="00ff")],
            workdays_known_until="2026-12-31",
            waiting=[
                desk_pb2.WaitingDataset(
                    dataset="tax-payment",
                    lacking=["authority"],
                    problem_wordings=[to_text(Message("error.policy.approval-of-other-version"))],
                )
            ],
            waiting_total=1,
            sqlite="3.54.1",
            accounts=[
                desk_pb2.AccountStatus(
                    account="tax-payment",
                    datasets=["tax-payment"],
                    counted_with=["tax"],
                    period="year",
                    from_ms=1_767_196_800_000,
                    until_ms=1_798_732_800_000,
                    spent_micros=1_500_000,
                    limit_micros=10_000_000,
                )
            ],
        )

    def RevokeDeskCertificate(
        self, request: desk_pb2.RevokeDeskCertificateRequest, context: Context
    ) -> desk_pb2.RevokeDeskCertificateResponse:
        revoked = desk_pb2.RevokedDeskCertificate(
            fingerprint=request.fingerprint, time_ms=1_798_000_000_000, reason=request.reason
        )
        self._desk.revoked.append(revoked)
        return desk_pb2.RevokeDeskCertificateResponse(revoked=revoked)

    def UnrevokeDeskCertificate(
        self, request: desk_pb2.UnrevokeDeskCertificateRequest, context: Context
    ) -> desk_pb2.UnrevokeDeskCertificateResponse:
        left = [each for each in self._desk.revoked if each.fingerprint != request.fingerprint]
        if left == self._desk.revoked:
            _fail(
                context,
                NodeError(Reason.NOT_FOUND, "error.exchange.certificate-not-revoked"),
            )
        self._desk.revoked = left
        return desk_pb2.UnrevokeDeskCertificateResponse()

    def ListRevokedDeskCertificates(
        self, request: ProtoMessage, context: Context
    ) -> desk_pb2.ListRevokedDeskCertificatesResponse:
        return desk_pb2.ListRevokedDeskCertificatesResponse(revoked=self._desk.revoked)

    def Reload(self, request: ProtoMessage, context: Context) -> desk_pb2.ReloadResponse:
        return desk_pb2.ReloadResponse(
            done_wordings=[to_text(Message("state.read.certificates"))],
            part_problems=[
                desk_pb2.PartProblem(
                    part="directory",
                    wording=to_text(Message("error.directory.expired", {"at": EXPIRED})),
                )
            ],
        )

    def AcceptSource(
        self, request: desk_pb2.AcceptSourceRequest, context: Context
    ) -> desk_pb2.AcceptSourceResponse:
        if request.dataset != DATASET:
            _fail(context, NodeError(Reason.NOT_FOUND, "error.app.no-load-held"))
        if request.load != "3f9a02c1":
            _fail(context, NodeError(Reason.NOT_FOUND, "error.app.other-load-held"))
        return desk_pb2.AcceptSourceResponse(dataset=DATASET, rows=120, invalid_subjects=2, rows_before=500)


class _Grants(grant_pb2_grpc.GrantAdminServiceServicer):
    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk

    def IssueGrant(
        self, request: grant_pb2.IssueGrantRequest, context: Context
    ) -> grant_pb2.IssueGrantResponse:
        grant = request.grant
        if self._desk.strict and grant.dataset != DATASET:
            _fail(context, NodeError(Reason.QUERY_INVALID, "error.exchange.grant-dataset-unknown"))
        if self._desk.strict and list(grant.questions) != ["months-at-least"]:
            _fail(context, NodeError(Reason.QUERY_INVALID, "error.exchange.grant-questions-unknown"))
        if self._desk.strict and list(grant.purposes) != [PURPOSE]:
            _fail(context, NodeError(Reason.QUERY_INVALID, "error.exchange.purpose-unknown"))
        grant.id, grant.provider = f"g-{len(self._desk.grants) + 1}", REQUESTER
        self._desk.grants[grant.id] = grant
        return grant_pb2.IssueGrantResponse(grant=grant)

    def ListIssuedGrants(self, request: ProtoMessage, context: Context) -> grant_pb2.ListIssuedGrantsResponse:
        return grant_pb2.ListIssuedGrantsResponse(grants=self._desk.grants.values())

    def ListReceivedGrants(
        self, request: grant_pb2.ListReceivedGrantsRequest, context: Context
    ) -> grant_pb2.ListReceivedGrantsResponse:
        if request.refresh:
            self._desk.grants |= self._desk.fresh
        return grant_pb2.ListReceivedGrantsResponse(
            grants=self._desk.grants.values(), used_today=self._desk.used_today
        )

    def GetGrant(self, request: grant_pb2.GetGrantRequest, context: Context) -> grant_pb2.GetGrantResponse:
        return grant_pb2.GetGrantResponse(grant=self._find(request.id, context))

    def SuspendGrant(
        self, request: grant_pb2.SuspendGrantRequest, context: Context
    ) -> grant_pb2.SuspendGrantResponse:
        grant = self._find(request.id, context)
        grant.state, grant.note = grant_pb2.GRANT_STATE_SUSPENDED, request.note
        return grant_pb2.SuspendGrantResponse(grant=grant)

    def ResumeGrant(
        self, request: grant_pb2.ResumeGrantRequest, context: Context
    ) -> grant_pb2.ResumeGrantResponse:
        grant = self._find(request.id, context)
        grant.state = grant_pb2.GRANT_STATE_ACTIVE
        return grant_pb2.ResumeGrantResponse(grant=grant)

    def RevokeGrant(
        self, request: grant_pb2.RevokeGrantRequest, context: Context
    ) -> grant_pb2.RevokeGrantResponse:
        grant = self._find(request.id, context)
        grant.state, grant.note = grant_pb2.GRANT_STATE_REVOKED, request.note
        return grant_pb2.RevokeGrantResponse(grant=grant)

    def _find(self, grant_id: str, context: Context) -> grant_pb2.Grant:
        if grant_id not in self._desk.grants:
            _fail(context, NodeError(Reason.NOT_FOUND, "error.exchange.grant-unknown"))
        return self._desk.grants[grant_id]


class _Log(usage_log_pb2_grpc.UsageLogServiceServicer):
    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk

    def GetCheckpoint(self, request: ProtoMessage, context: Context) -> usage_log_pb2.GetCheckpointResponse:
        note = self._desk.note() if self._desk.leaves else b""
        cosigned = self._desk.note(LOG_SIGNER, COSIGNER) if self._desk.leaves else b""
        return usage_log_pb2.GetCheckpointResponse(checkpoint=note, cosigned_checkpoint=cosigned)

    def GetInclusionProof(
        self, request: usage_log_pb2.GetInclusionProofRequest, context: Context
    ) -> usage_log_pb2.GetInclusionProofResponse:
        size = request.size or self._desk.size()
        hashes = inclusion(request.index, hash_leaves(self._desk.leaves[:size]))
        proof = usage_log_pb2.InclusionProof(index=request.index, hashes=hashes)
        return usage_log_pb2.GetInclusionProofResponse(proof=proof, size=size)

    def GetConsistencyProof(
        self, request: usage_log_pb2.GetConsistencyProofRequest, context: Context
    ) -> usage_log_pb2.GetConsistencyProofResponse:
        second = request.second_size or self._desk.size()
        hashes = consistency(request.first_size, hash_leaves(self._desk.leaves[:second]))
        return usage_log_pb2.GetConsistencyProofResponse(
            hashes=hashes, first_size=request.first_size, second_size=second
        )

    def ListRecords(
        self, request: usage_log_pb2.ListRecordsRequest, context: Context
    ) -> usage_log_pb2.ListRecordsResponse:
        # A page of seven, so that every reader has to turn pages.
        end = min(self._desk.size(), request.start + min(request.limit or 7, 7))
        records = [
            usage_log_pb2.IndexedRecord(index=index, leaf=self._desk.leaves[index])
            for index in range(request.start, end)
        ]
        return usage_log_pb2.ListRecordsResponse(records=records, next_start=end, size=self._desk.size())


@contextmanager
def serving(desk: FakeDesk, folder: Path) -> Iterator[str]:
    """Serve the desk on a socket in `folder`; gives its address."""
    server = _server(desk)
    address = f"unix:{folder / 'desk.sock'}"
    server.add_insecure_port(address)
    server.start()
    try:
        yield address
    finally:
        server.stop(0).wait()


@contextmanager
def serving_tls(desk: FakeDesk, tls: Path) -> Iterator[int]:
    """Serve the desk at a port, with what `dxnode init` puts into the folder `tls`; gives the port."""
    server = _server(desk)
    own = [((tls / "desk.key").read_bytes(), (tls / "desk.pem").read_bytes())]
    roots = (tls / "desk-roots.pem").read_bytes()
    credentials = grpc.ssl_server_credentials(own, roots, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()


def _server(desk: FakeDesk) -> grpc.Server:
    server = grpc.server(ThreadPoolExecutor(8))
    desk_pb2_grpc.add_DeskServiceServicer_to_server(_Desk(desk), server)
    desk_pb2_grpc.add_AdminServiceServicer_to_server(_Admin(desk), server)
    catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server(FakeCatalogue(), server)
    grant_pb2_grpc.add_GrantAdminServiceServicer_to_server(_Grants(desk), server)
    usage_log_pb2_grpc.add_UsageLogServiceServicer_to_server(_Log(desk), server)
    return server


def claims_of(request: desk_pb2.DeskServiceAskRequest) -> Mapping[str, str]:
    """The claims in a question that the desk was asked."""
    return dict(request.subject.claims)

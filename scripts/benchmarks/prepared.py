"""Requests that are ready to be sent: each with its own intent record, inclusion proof and checkpoint.

They are what a requester's node makes in steps 3 and 4, made by its own code, so that a benchmark can measure
the provider alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from node.app.live.files import load_directory
from node.app.live.own_keys import load_keys, log_keys
from node.config.file import load_settings
from node.core.directory.directory import Member
from node.core.log.usage import Parties, new_exchange_id, parse_record
from node.core.messages.envelope import Routing
from node.core.milliseconds import to_ms
from node.core.policy.question_kind import QuestionKind
from node.core.revision import REVISION
from node.core.role import Caller
from node.core.subject import SubjectKey
from node.crypto.vault import NodeVault
from node.demo.city import CityNode
from node.exchange.asking import BatchPlace, IntentJob, Query
from node.exchange.group import GroupCommit
from node.exchange.receipt import check_receipt
from node.store.store import Store
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from scripts.benchmarks.figures import BenchError
from scripts.benchmarks.site import CASE, DATASET, PROVIDER, PURPOSE, QUESTION, Site, utc_now

_CALLER = Caller("system", bytes(range(32)))


class Statistic(NamedTuple):
    """A question for counts."""

    question: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request: `body` is a serialised AskRequest, and the same bytes are an AskBatchRequest."""

    body: bytes
    routing: Routing
    response_key: bytes
    subjects: int


class Preparer:
    """The requester's side, in this process."""

    def __init__(
        self, commit: GroupCommit, vault: NodeVault, requester: str, provider: Member, grant_id: str
    ) -> None:
        self._requester = requester
        self._commit = commit
        self._vault = vault
        self._provider = provider
        self._grant_id = grant_id

    async def singles(self, ids: Sequence[str], concurrency: int) -> list[Prepared]:
        """One request a subject, recorded in groups of `concurrency`, as that many callers would have it."""
        made: list[Prepared] = []
        for first in range(0, len(ids), concurrency):
            group = ids[first : first + concurrency]
            made += await asyncio.gather(
                *(
                    self._prepare((subject,), new_exchange_id(utc_now(), os.urandom), QUESTION)
                    for subject in group
                )
            )
        return made

    async def chunks(self, chunks: Sequence[Sequence[str]], question: str) -> list[Prepared]:
        """One batch: a request a chunk, in order."""
        places = [BatchPlace(os.urandom(16), 0)]
        places += [BatchPlace(places[0].batch_id, number) for number in range(1, len(chunks))]
        return [
            await self._prepare(subjects, place.exchange_id(), question, place)
            for subjects, place in zip(chunks, places, strict=True)
        ]

    async def statistics(self, asked: Sequence[Statistic]) -> list[Prepared]:
        """A request each."""
        made: list[Prepared] = []
        for question, parameters in asked:
            exchange_id = new_exchange_id(utc_now(), os.urandom)
            made.append(await self._prepare((), exchange_id, question, None, parameters))
        return made

    async def _prepare(
        self,
        subjects: Sequence[str],
        exchange_id: bytes,
        question: str,
        place: BatchPlace | None = None,
        parameters: Mapping[str, str] = MappingProxyType({}),
    ) -> Prepared:
        kind = QuestionKind.VERIFY if subjects else QuestionKind.STATISTIC
        key = self._provider.sealing_key(utc_now())
        routing = Routing(self._requester, PROVIDER.code, exchange_id, key.key_id)
        job = IntentJob(
            parties=Parties(self._requester, PROVIDER.code, exchange_id),
            query=Query(PROVIDER.code, DATASET, question, parameters, PURPOSE, CASE, kind),
            caller=_CALLER,
            grant_id=self._grant_id,
            subjects=[SubjectKey(subject, {}) for subject in subjects],
            place=place,
            digest=os.urandom(16),
            salt=os.urandom(32),
            response_key=os.urandom(32),
            recipient=key.encoded,
            routing=routing,
            revision=REVISION,
            vault=self._vault,
        )
        asked = await self._commit.run(job)
        body = pb.AskRequest(envelope=asked.envelope).SerializeToString()
        return Prepared(body, routing, asked.response_key, len(subjects))

    def check(self, prepared: Prepared, body: bytes) -> None:
        """See that an AskResponse (or AskBatchResponse) permits, is proved, and has a bit for every subject.

        Raises BenchError, NodeError.
        """
        answers, clause = self.read(prepared, body)
        if answers is None:
            raise BenchError(f"a request was denied: {clause}")
        if len(answers.verify.results) != prepared.subjects or answers.refused:
            raise BenchError("an answer does not have a bit for every subject")

    def read(self, prepared: Prepared, body: bytes) -> tuple[rec.Answers | None, str]:
        """What an AskResponse (or AskBatchResponse) answers, proved; None and the clause for a denial."""
        sealed = pb.AskResponse.FromString(body).answer.ciphertext
        plaintext = self._vault.open_answer(sealed, prepared.response_key, prepared.routing)
        response = pb.SealedResponse.FromString(plaintext)
        verdict = parse_record(response.verdict).verdict
        check_receipt(response.verdict, response.receipt, self._provider, self._vault)
        if verdict.decision != rec.DECISION_PERMIT:
            return None, verdict.clause
        return rec.Answers.FromString(response.answers), ""


@asynccontextmanager
async def preparing(site: Site, grant_id: str, asker: CityNode | None = None) -> AsyncIterator[Preparer]:
    """A preparer with the keys of the requester, or of another department, and a usage log of its own."""
    node = asker or site.requester
    settings = load_settings(node.config)
    keys = load_keys(settings, utc_now(), os.urandom)
    known = load_settings(site.requester.config)
    directory, _ = load_directory(known.directory, known.authority, None, utc_now())
    store = Store.open(site.folder / f"prepared-{grant_id}.db")
    commit = GroupCommit(store, log_keys(keys, settings), lambda: to_ms(utc_now()))
    try:
        vault = NodeVault(keys.ring, keys.data, os.urandom)
        yield Preparer(commit, vault, node.department.code, directory.members[PROVIDER.code], grant_id)
    finally:
        await commit.stop()
        store.close()

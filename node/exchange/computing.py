"""Step 10 of an exchange: what the data source says, once it is known that it can be paid."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from datetime import datetime
from typing import NamedTuple

from node.core.deciding.budget import BudgetDebit
from node.core.deciding.cost import Cost, budget_debits
from node.core.deciding.gap import Gaps
from node.core.directory.directory import Member
from node.core.outage import Outage, OutageError
from node.core.policy.policy import Budget
from node.core.policy.question import Question, Statistic
from node.core.policy.question_kind import QuestionKind
from node.core.state.data_load import DataLoad
from node.core.stop import Stop
from node.core.subject import SubjectKey, Unclear
from node.errors import NodeError, Reason
from node.exchange.counts import CountKey, Counts
from node.exchange.ledger import Ledger
from node.exchange.payable import short_before
from node.exchange.ports import Books, Noise, Source
from node.exchange.provider_answer import Computed, field_answers, load_message, release_key, verify_answers
from node.exchange.spent import Budgets
from node.exchange.turns import Turns
from node.v1 import record_pb2 as rec

log = logging.getLogger(__name__)


class Permitted(NamedTuple):
    """A permitted exchange, as far as its answer depends on it; `cost` is what it costs beside a budget.

    `load` is that of the data that the source answers from; None without source. Who asks waits for what is
    looked up `until` then, by the clock of the event loop; None for as long as it takes.
    """

    peer: Member
    exchange_id: bytes
    dataset: str
    question: Question
    parameters: Mapping[str, str]
    region: str
    subjects: Sequence[SubjectKey]
    cost: Cost
    budget: Budget | None
    load: DataLoad | None
    moment: datetime
    until: float | None = None


class Computing:
    """Reads data sources: at once where that costs less than to look whether it is paid for, else in turn."""

    def __init__(
        self,
        *,
        books: Books,
        gaps: Callable[[], Gaps],
        noise: Noise,
        counts: Counts,
        workers: Executor,
        turns: Turns,
        seconds: float,
        random: Callable[[int], bytes],
    ) -> None:
        """`workers` look up, for at most `seconds` each, who has one of the `turns`."""
        self._books = books
        self._gaps = gaps
        self._noise = noise
        self._counts = counts
        self._workers = workers
        self._turns = turns
        self._seconds = seconds
        self._random = random

    async def look_up(self, source: Source | None, asked: Permitted) -> Computed:
        """The answers about the subjects of a question, or why there are none."""
        try:
            if source is None or asked.load is None:
                raise _no_source()
            if source.quick and len(asked.subjects) == 1:
                return self._answered(asked, _look_up(source, asked))
            return await self._in_turn(source, asked)
        except NodeError as error:
            return Computed(failure=error)
        except Exception:
            return _defect()

    async def count(self, source: Source | None, asked: Permitted, held: AsyncExitStack) -> Computed:
        """The answer to a statistic, or why there is none; `held` ends when it is charged."""
        try:
            if source is None or asked.load is None:
                raise _no_source()
            return await self._statistic(source, asked, asked.load, held)
        except NodeError as error:
            return Computed(failure=error)
        except Exception:
            return _defect()

    async def _in_turn(self, source: Source, asked: Permitted) -> Computed:
        member = asked.peer.code
        try:
            async with asyncio.timeout_at(asked.until):
                await self._turns.take(member)
        except TimeoutError:
            raise OutageError(Outage.BUSY, "error.exchange.turn-too-late") from None
        try:
            known = self._known(asked)
        except BaseException:
            self._turns.give_back(member)
            raise
        if known is not None:
            self._turns.give_back(member)
            return known
        done = self._turns.start(member, self._workers, lambda: _look_up(source, asked))
        try:
            async with asyncio.timeout_at(self._end(asked)):
                values = await asyncio.shield(done)
        except TimeoutError:
            raise OutageError(Outage.SLOW, "error.exchange.source-too-slow") from None
        return self._answered(asked, values)

    def _end(self, asked: Permitted) -> float:
        """When a reading is given up that begins now: in time to tell that, also a caller that waits less."""
        end = asyncio.get_running_loop().time() + self._seconds
        return end if asked.until is None else min(end, asked.until)

    def _answered(self, asked: Permitted, values: Sequence[object]) -> Computed:
        unclear = frozenset(place for place, value in enumerate(values) if isinstance(value, Unclear))
        if unclear and len(asked.subjects) == 1:
            raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.exchange.several-rows")
        make = verify_answers if asked.question.kind is QuestionKind.VERIFY else field_answers
        return Computed(answers=make(values, self._random(32)), load=asked.load, unclear=unclear)

    async def _statistic(
        self, source: Source, asked: Permitted, load: DataLoad, held: AsyncExitStack
    ) -> Computed:
        question = asked.question
        statistic = question.statistic
        if statistic is None or asked.budget is None:
            raise NodeError(Reason.POLICY_NOT_LOADED, "error.exchange.no-privacy-budget")
        key = release_key(asked.dataset, question, asked.parameters, asked.region, load)
        # The price is what the policy says: OpenDP adds the least noise that costs no more.
        price = self._budget(asked, statistic.epsilon_micros)

        def known() -> Computed | None:
            return self._known(asked, key, price)

        def work(stop: Stop) -> Computed:
            table = source.count(question, asked.parameters, asked.region, stop)
            return self._noisy(table, statistic, asked, load, key, stop)

        if (already := known()) is not None:
            return already
        count = CountKey(asked.peer.code, asked.exchange_id, key)
        return await held.enter_async_context(self._counts.of(count, known, work))

    def _noisy(
        self,
        table: Sequence[tuple[tuple[str, ...], int]],
        statistic: Statistic,
        asked: Permitted,
        load: DataLoad,
        key: bytes,
        stop: Stop,
    ) -> Computed:
        exact = [count for _, count in table]
        noisy = self._noise(exact, statistic.unit_contributes, statistic.epsilon_micros, stop)
        cells = [
            rec.StatisticCell(key=group, count=count)
            for (group, _), count in zip(table, noisy.counts, strict=True)
        ]
        message = rec.StatisticAnswer(
            cells=cells,
            epsilon_micros=noisy.epsilon_micros,
            accuracy_95=noisy.accuracy_95,
            load=load_message(load),
        )
        answers = rec.Answers(salt=self._random(32), statistic=message)
        price = self._budget(asked, noisy.epsilon_micros)
        return Computed(answers=answers, load=load, release_key=key, budget=price)

    def _known(
        self, asked: Permitted, key: bytes = b"", price: Sequence[BudgetDebit] = ()
    ) -> Computed | None:
        """What an exchange comes to without its work: it was answered before, released, or cannot be paid."""
        if self._books.is_answered(asked.peer.code, asked.exchange_id):
            return Computed()
        if key and (stored := self._books.release(key)) is not None:
            answers = rec.Answers.FromString(stored)
            load = asked.load  # a live database may have been counted earlier in its day
            if load is not None:
                load = load._replace(as_of_ms=answers.statistic.load.as_of_ms)
            return Computed(answers=answers, load=load, release_key=key)
        short = short_before(asked.cost, len(asked.subjects), price, self._ledger)
        return None if short is None else Computed(short=short, release_key=key, budget=tuple(price))

    def _ledger(self, keys: Sequence[str]) -> Ledger:
        gaps = self._gaps()
        budgets = Budgets(self._books.spent, gaps)
        return Ledger(self._books.balances(keys), self._books.release, budgets, gaps)

    def _budget(self, asked: Permitted, epsilon_micros: int) -> tuple[BudgetDebit, ...]:
        assert asked.budget is not None
        peer = asked.peer
        return budget_debits(asked.budget, peer.code, peer.organisation, asked.moment, epsilon_micros)


def _look_up(source: Source, asked: Permitted) -> Sequence[object]:
    ask = source.verify if asked.question.kind is QuestionKind.VERIFY else source.field
    return ask(asked.question, asked.parameters, asked.region, asked.subjects)


def _no_source() -> NodeError:
    return OutageError(Outage.SILENT, "error.exchange.no-data-source")


def _defect() -> Computed:
    """What a defect that is being handled comes to; it is logged."""
    log.exception("a data source failed")
    return Computed(failure=NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.failed"))

"""Many questions at once go together on one stream: in an event loop, and of threads that share a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from support.fake_catalogue import DATASET, PURPOSE
from support.fake_desk import COUNT, EXCHANGE, FIELD, VERIFY, FakeDesk, enrolled, resident
from support.waiting import PATIENCE, until, wait_for

from node.client import AsyncClient, Client, FieldAnswer
from node.errors import NodeError, Reason
from node.texts.message import Message


async def _asking(client: AsyncClient, *numbers: int) -> list[bool]:
    asked = (client.verify(VERIFY, resident(number), purpose=PURPOSE, case="DG-1") for number in numbers)
    return [said.answer for said in await asyncio.gather(*asked)]


async def test_questions_that_are_asked_at_once_go_in_few_frames_and_each_gets_its_own_answer(
    address: str, desk: FakeDesk
) -> None:
    async with AsyncClient(address, timeout=PATIENCE) as client:
        said = await _asking(client, *range(200))
    assert said == [enrolled(resident(number)) for number in range(200)]
    assert sum(desk.frames) == 200
    assert len(desk.frames) < 20


async def test_every_kind_of_question_can_be_asked(address: str, desk: FakeDesk) -> None:
    async with AsyncClient(address, timeout=PATIENCE) as client:
        field = await client.field(FIELD, resident(2), purpose=PURPOSE, case="DG-1")
        count = await client.statistic(COUNT, purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE.hex())
        short = await client.verify(f"{DATASET}/is-enrolled", resident(1), purpose=PURPOSE, case="DG-1")
        assert len(await client.grants()) == 1
    with Client(address, timeout=PATIENCE) as client:
        assert client.field(FIELD, resident(2), purpose=PURPOSE, case="DG-1") == _with_id(field, desk)
        assert client.statistic(COUNT, purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE) == count
    assert short.answer is enrolled(resident(1))


def _with_id(said: FieldAnswer, desk: FakeDesk) -> FieldAnswer:
    """The same answer as the client got last: ids of exchanges are new each time."""
    return replace(said, proof=replace(said.proof, exchange_id=desk.asked[-1].exchange_id))


async def test_refusal_is_of_the_one_that_asked_and_tells_its_exchange_id(
    address: str, desk: FakeDesk
) -> None:
    desk.fail_with = NodeError.of(Reason.NO_GRANT, Message("error.client.no-grant-received"))
    async with AsyncClient(address, timeout=PATIENCE) as client:
        with pytest.raises(NodeError) as refused:
            await client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE)
        assert refused.value.reason is Reason.NO_GRANT
        assert refused.value.metadata["exchange_id"] == EXCHANGE.hex()
        desk.fail_with = None
        assert await _asking(client, 1) == [enrolled(resident(1))]


async def test_question_that_is_not_answered_in_time_is_called_off(address: str, desk: FakeDesk) -> None:
    desk.silent = True
    async with AsyncClient(address, timeout=0.2) as client:
        with pytest.raises(NodeError) as late:
            await client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE)
        assert late.value.reason is Reason.TIMEOUT
        assert late.value.metadata == {"peer": "desk", "exchange_id": EXCHANGE.hex()}
        await until(lambda: desk.called_off == [1])


async def test_stream_that_broke_is_opened_again_by_the_next_question(address: str, desk: FakeDesk) -> None:
    async with AsyncClient(address, timeout=PATIENCE) as client:
        desk.break_at = 0
        with pytest.raises(NodeError) as broken:
            await _asking(client, 1)
        assert broken.value.reason is Reason.DRAINING
        desk.break_at = None
        assert await _asking(client, 2) == [enrolled(resident(2))]


async def test_wrong_type_is_told_before_anything_is_asked(address: str, desk: FakeDesk) -> None:
    async with AsyncClient(address, timeout=PATIENCE) as client:
        with pytest.raises(TypeError, match="purpose"):
            await client.verify(VERIFY, resident(1), purpose=7, case="DG-1")  # type: ignore[arg-type]
    assert desk.asked == []


@pytest.mark.parametrize("desk_address", ["nowhere", "unix:", "localhost"])
async def test_address_that_is_none_is_told(desk_address: str) -> None:
    with pytest.raises(NodeError) as refused:
        AsyncClient(desk_address)
    assert refused.value.reason is Reason.CONFIG_INVALID


async def test_desk_that_is_not_there_is_told(tmp_path: object) -> None:
    async with AsyncClient(f"unix:{tmp_path}/none.sock", timeout=PATIENCE) as client:
        with pytest.raises(NodeError) as silent:
            await _asking(client, 1)
    assert silent.value.reason is Reason.PEER_UNAVAILABLE


def _at_once(count: int, work: Callable[[int], bool]) -> list[bool]:
    barrier = Barrier(count)

    def one(number: int) -> bool:
        barrier.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_threads_that_ask_at_once_share_a_stream_and_each_gets_its_own_answer(
    client: Client, desk: FakeDesk
) -> None:
    def ask(number: int) -> bool:
        said = [
            client.verify(VERIFY, resident(20 * number + each), purpose=PURPOSE, case="DG-1").answer
            for each in range(20)
        ]
        return said == [enrolled(resident(20 * number + each)) for each in range(20)]

    assert _at_once(16, ask) == [True] * 16
    assert len(desk.asked) == 320
    assert 0 < sum(desk.frames) < 320  # some thread was alone, and made a call of its own


def test_who_asks_alone_makes_a_call_of_its_own(client: Client, desk: FakeDesk) -> None:
    for number in range(3):
        client.verify(VERIFY, resident(number), purpose=PURPOSE, case="DG-1")
    assert len(desk.asked) == 3
    assert desk.frames == []


def test_closing_a_client_ends_what_its_threads_ask(address: str, desk: FakeDesk) -> None:
    desk.silent = True
    client = Client(address, timeout=PATIENCE)
    client._alone.acquire()  # as if another thread asked
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.verify, VERIFY, resident(1), purpose=PURPOSE, case="DG-1")
        wait_for(lambda: desk.frames != [])
        client.close()
        with pytest.raises(NodeError) as ended:
            asked.result(PATIENCE)
    assert ended.value.reason is Reason.PEER_UNAVAILABLE

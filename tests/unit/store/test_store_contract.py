"""What every engine behind the store has to keep: the contract that each of `ENGINES` runs through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from support.running import pension_grant
from support.town import HR, MEDICAL, TAX
from support.waiting import join

from node.core.catalogue.publication import ServedVersion
from node.core.deciding.budget import HOUR_MS, MARK, BudgetRow, Pot
from node.core.deciding.gap import Gap, Gaps
from node.core.deciding.grant import GrantState
from node.core.log.commit import AnsweredExchange, Append, AskedExchange, Commit, Head, Release, Settled
from node.core.log.kept_receipt import shared_name
from node.core.log.tree import TILE, Tile
from node.core.state.data_load import KeptLoad
from node.errors import NodeError, Reason
from node.store.store import Store
from node.store.transaction import Transaction
from node.v1 import catalogue_pb2

ENGINES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: Store.open(folder / "node.db")}


@pytest.fixture(params=ENGINES)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same database again and again, as restarts do."""
    opened: list[Store] = []

    def reopen() -> Store:
        for store in opened:
            store.close()
        opened.append(ENGINES[request.param](tmp_path))
        return opened[-1]

    yield reopen
    opened[-1].close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


def head(size: int) -> Head:
    return Head(size, 1000 + size, b"note %d" % size, b"cosigned", size, 7)


def write(
    store: Store,
    first: int,
    *appends: Append,
    tiles: Sequence[Tile] = (),
    used: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """One group commit; `used` are counters that may be forgotten at 5000."""
    balances = {key: (amount, 5000) for key, amount in used.items()}
    transaction = begin(store)
    transaction.write(Commit(first, head(first + len(appends)), appends, tuple(tiles), balances))
    transaction.commit()


def begin(store: Store) -> Transaction:
    """A transaction; nobody else writes."""
    transaction = store.begin()
    assert transaction is not None
    return transaction


def lines(count: int, first: int = 0) -> list[Append]:
    return [
        Append(b"leaf %d" % n, b"opening %d" % n, b"evidence %d" % n) for n in range(first, first + count)
    ]


# --- records ---


def test_new_log_is_empty(store: Store) -> None:
    assert store.head() == Head()
    assert (store.leaf_count(), store.leaves(0, 10), store.tail(0)) == (0, [], [])
    assert store.opening(0) is None
    assert store.evidence(0) is None


def test_committed_records_are_there_after_a_restart(store: Store, reopen: Callable[[], Store]) -> None:
    write(store, 0, *lines(3))
    write(store, 3, *lines(2, 3))
    again = reopen()
    assert again.head() == head(5)
    assert again.leaves(0, 10) == [(n, b"leaf %d" % n) for n in range(5)]
    assert again.leaves(1, 2) == [(1, b"leaf 1"), (2, b"leaf 2")]
    assert again.leaves(5, 10) == []
    assert again.leaf_count() == 5
    assert (again.opening(4), again.evidence(4)) == (b"opening 4", b"evidence 4")


def test_record_without_opening_or_evidence_has_none(store: Store) -> None:
    write(store, 0, Append(b"leaf"))
    assert store.opening(0) is None
    assert store.evidence(0) is None


def test_rolled_back_transaction_leaves_nothing(store: Store, reopen: Callable[[], Store]) -> None:
    write(store, 0, *lines(1), used={"k": 1})
    transaction = begin(store)
    answered = AnsweredExchange(TAX, b"1", b"d", 1)
    transaction.write(Commit(1, head(2), (lines(1, 1)[0]._replace(answered=answered),), (), {"k": (2, 0)}))
    transaction.rollback()
    for each in (store, reopen()):
        assert each.head() == head(1)
        assert each.leaf_count() == 1
        assert each.balances(["k"]) == {"k": 1}
        transaction = begin(each)
        assert transaction.answered([(TAX, b"1")]) == {}
        transaction.rollback()


def test_transaction_that_was_never_ended_leaves_nothing(store: Store, reopen: Callable[[], Store]) -> None:
    transaction = begin(store)
    transaction.write(Commit(0, head(1), tuple(lines(1)), (), {}))
    assert reopen().head() == Head()


def test_nothing_of_a_transaction_is_seen_before_it_is_committed(store: Store) -> None:
    transaction = begin(store)
    transaction.write(Commit(0, head(1), tuple(lines(1)), (), {"k": (1, 0)}))
    assert store.head() == Head()
    assert store.leaves(0, 10) == []
    assert store.balances(["k"]) == {}
    transaction.commit()
    assert store.head() == head(1)


def test_record_cannot_be_written_twice(store: Store) -> None:
    write(store, 0, *lines(2))
    transaction = begin(store)
    with pytest.raises(NodeError) as refused:
        transaction.write(Commit(1, head(2), tuple(lines(1)), (), {}))
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    transaction.rollback()
    assert store.leaves(0, 10) == [(0, b"leaf 0"), (1, b"leaf 1")]
    write(store, 2, *lines(1, 2))


def test_errors_name_no_value(store: Store) -> None:
    write(store, 0, Append(b"secret leaf"))
    transaction = begin(store)
    with pytest.raises(NodeError) as refused:
        transaction.write(Commit(0, head(1), (Append(b"secret leaf"),), (), {}))
    transaction.rollback()
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_tiles_and_tail_are_where_the_tree_looks_for_them(store: Store) -> None:
    tile = Tile(0, 0, bytes(8192))
    write(store, 0, *lines(TILE + 3), tiles=[tile])
    assert store.tile(0, 0) == tile.hashes
    assert store.tail(TILE + 3) == [b"leaf %d" % n for n in range(TILE, TILE + 3)]
    with pytest.raises(NodeError) as missing:
        store.tile(1, 0)
    assert missing.value.reason is Reason.LOG_CORRUPT


# --- exchanges ---


def test_answered_exchange_is_found_by_requester_and_id(store: Store) -> None:
    first = AnsweredExchange(TAX, bytes(16), b"digest", 0)
    other = AnsweredExchange(MEDICAL, bytes(16), b"other", 1)
    write(store, 0, lines(1)[0]._replace(answered=first), lines(1, 1)[0]._replace(answered=other))
    transaction = begin(store)
    asked = [(TAX, bytes(16)), (HR, bytes(16)), (TAX, b"x" * 16)]
    found = transaction.answered(asked)
    assert found[TAX, bytes(16)] == first
    assert found.get((HR, bytes(16))) is None
    assert (TAX, b"x" * 16) not in found
    assert transaction.record(0) == (b"leaf 0", b"opening 0")
    with pytest.raises(NodeError) as missing:
        transaction.record(2)
    assert missing.value.reason is Reason.LOG_CORRUPT
    transaction.rollback()


def test_many_keys_at_once_are_all_found(store: Store) -> None:
    keys = {f"key-{n}": n + 1 for n in range(3000)}
    write(store, 0, *lines(1), used=keys)
    assert store.balances(keys) == keys
    transaction = begin(store)
    assert transaction.balances(list(keys)) == keys
    assert transaction.balances([]) == {}
    transaction.rollback()


def test_two_answered_exchanges_of_one_key_can_both_be_written(store: Store) -> None:
    """Whoever looks long enough finds two ids of one key: that must keep nobody's group from the disk."""
    twice = AnsweredExchange(TAX, bytes(16), b"digest", 0)
    first = lines(1)[0]._replace(answered=twice)
    second = lines(1, 1)[0]._replace(answered=replace(twice, index=1))
    write(store, 0, first, second)
    transaction = begin(store)
    assert transaction.answered([(TAX, bytes(16))])[TAX, bytes(16)].index in (0, 1)
    transaction.rollback()


ASKED = AskedExchange(b"id", b"digest", 0, b"envelope", b"key")
ANSWERED = ASKED._replace(envelope=b"", response_key=b"")


def test_asked_exchange_is_open_until_it_has_an_outcome(store: Store, reopen: Callable[[], Store]) -> None:
    write(store, 0, Append(b"intent", asked=ASKED))
    assert store.asked(b"id") == ASKED
    assert store.asked(b"other") is None
    assert reopen().unfinished() == [(b"id", 0)]
    store = reopen()
    write(store, 1, Append(b"failed", settled=Settled(0, final=False)))
    assert store.unfinished() == []


def test_request_is_kept_until_it_is_answered_and_no_longer(store: Store) -> None:
    write(store, 0, Append(b"intent", asked=ASKED))
    write(store, 1, Append(b"failed", settled=Settled(0, final=False)))
    assert store.asked(b"id") == ASKED._replace(outcome_index=1)
    write(store, 2, Append(b"answered", settled=Settled(0, final=True)))
    assert store.asked(b"id") == ANSWERED._replace(outcome_index=2)


def test_intent_and_outcome_in_one_group(store: Store) -> None:
    write(store, 0, Append(b"intent", asked=ASKED), Append(b"outcome", settled=Settled(0, final=True)))
    assert store.asked(b"id") == ANSWERED._replace(outcome_index=1)


def test_newest_exchange_of_an_id_counts(store: Store) -> None:
    write(store, 0, Append(b"intent", asked=ASKED), Append(b"outcome", settled=Settled(0, final=True)))
    write(store, 2, Append(b"intent", asked=ASKED._replace(intent_index=2)))
    assert store.asked(b"id") == ASKED._replace(intent_index=2)


def test_hashes_that_receipts_share_are_kept_once(store: Store, reopen: Callable[[], Store]) -> None:
    shared = bytes(64)
    write(store, 0, *(line._replace(shared=shared) for line in lines(3)))
    write(store, 3, *(line._replace(shared=shared) for line in lines(2, 3)), Append(b"leaf", shared=b"other"))
    store = reopen()
    assert store.shared_proof(shared_name(shared)) == shared
    assert store.shared_proof(shared_name(b"other")) == b"other"
    assert store.shared_proof(shared_name(b"no")) is None
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM shared_proof").scalar() == 2


def test_openings_are_read_in_order_with_their_leaves(store: Store) -> None:
    write(store, 0, lines(1)[0], Append(b"without"), *lines(3, 2))
    assert store.openings(0, 2) == [(0, b"leaf 0", b"opening 0"), (2, b"leaf 2", b"opening 2")]
    assert [index for index, _, _ in store.openings(3, 9)] == [3, 4]
    assert store.openings(5, 9) == []


def test_release_is_kept(store: Store, reopen: Callable[[], Store]) -> None:
    write(store, 0, Append(b"leaf", release=Release(b"key", b"body")))
    assert reopen().release(b"key") == b"body"
    transaction = begin(reopen())
    assert (transaction.release(b"key"), transaction.release(b"other")) == (b"body", None)
    transaction.rollback()


# --- counters ---


def test_counter_is_replaced_and_kept(store: Store, reopen: Callable[[], Store]) -> None:
    write(store, 0, *lines(1), used={"k": 1})
    write(store, 1, *lines(1, 1), used={"k": 5})
    assert reopen().balances(["k", "other"]) == {"k": 5}


def test_large_budgets_fit(store: Store) -> None:
    write(store, 0, *lines(1), used={"k": 2**62})
    assert store.balances(["k"]) == {"k": 2**62}


def test_marks_are_kept_beside_counters(store: Store, reopen: Callable[[], Store]) -> None:
    """A counter and a mark of one name are two things."""
    keys = [f"{MARK}name", "name"]
    transaction = begin(store)
    transaction.write(
        Commit(0, head(1), tuple(lines(1)), (), {keys[0]: (739_000, 5 * HOUR_MS), "name": (2, 0)})
    )
    transaction.commit()
    transaction = begin(reopen())
    assert transaction.balances([*keys, f"{MARK}other"]) == {keys[0]: 739_000, "name": 2}
    transaction.rollback()


# --- loads of data ---


def test_newest_load_of_each_dataset_is_kept(store: Store, reopen: Callable[[], Store]) -> None:
    assert store.data_load("a") is None
    store.set_data_load("a", KeptLoad(1, 1000, "first"))
    store.set_data_load("b", KeptLoad(7, 2**40, "other", daily=True))
    store.set_data_load("a", KeptLoad(2, 2000, "second"))
    store = reopen()
    assert store.data_load("a") == KeptLoad(2, 2000, "second")
    assert store.data_load("b") == KeptLoad(7, 2**40, "other", daily=True)


# --- privacy budgets ---


def pot(account: str = "a", who: str = "r", first: int = 0) -> Pot:
    return Pot(account, "budget.requester", who, first)


def spend(store: Store, amounts: Mapping[tuple[str, str, int], int], scope: str = "budget.requester") -> None:
    """Amounts by account, who and day."""
    spent = {BudgetRow(account, scope, who, day): used for (account, who, day), used in amounts.items()}
    first = store.leaf_count()
    transaction = begin(store)
    transaction.write(Commit(first, head(first + 1), tuple(lines(1, first)), (), {}, spent))
    transaction.commit()


def used(store: Store, pot: Pot) -> int:
    """What a transaction and a reader both say of it."""
    transaction = begin(store)
    spent = transaction.spent(pot)
    transaction.rollback()
    assert store.spent(pot) == spent
    return spent.used


def test_what_is_spent_adds_up_by_day_and_is_kept(store: Store, reopen: Callable[[], Store]) -> None:
    assert used(store, pot()) == 0
    spend(store, {("a", "r", 1): 5, ("a", "r", 2): 7, ("a", "s", 1): 100, ("b", "r", 1): 1000})
    spend(store, {("a", "r", 2): 2**61})
    spend(store, {("a", "r", 1): 3}, scope="budget.dataset")
    store = reopen()
    assert used(store, pot()) == 12 + 2**61
    # From a day on, for days to come are those on which a clock was ahead.
    assert [used(store, pot(first=day)) for day in (0, 1, 2, 3)] == [12 + 2**61, 12 + 2**61, 7 + 2**61, 0]
    assert used(store, pot(who="s")) == 100
    assert used(store, pot("never")) == 0


def test_what_a_transaction_that_was_rolled_back_spent_is_not_spent(store: Store) -> None:
    transaction = begin(store)
    spent = {BudgetRow("a", "budget.requester", "r", 1): 5}
    transaction.write(Commit(0, head(1), tuple(lines(1)), (), {}, spent))
    transaction.rollback()
    assert used(store, pot()) == 0


def test_accounts_of_one_source_count_together(store: Store, reopen: Callable[[], Store]) -> None:
    spend(store, {("a", "r", 1): 1, ("b", "r", 1): 10, ("c", "r", 1): 100, ("d", "r", 1): 1000})
    store.keep_account_sources("a", "of a", ["file /x", "dataset m"], "content ")
    store.keep_account_sources("b", "of b", ["file /y"], "content ")
    assert [used(store, pot(account)) for account in "abcd"] == [1, 10, 100, 1000]
    store.keep_account_sources("b", "of b", ["file /x"], "content ")
    store.keep_account_sources("c", "of c", ["file /y"], "content ")
    store = reopen()
    assert [used(store, pot(account)) for account in "abcd"] == [111, 111, 111, 1000]
    assert store.spent(pot("c")).accounts == {"a", "b", "c"}
    assert store.spent(pot("d")).accounts == {"d"}


def test_names_of_contents_are_kept_while_they_are_the_newest_or_link_accounts(store: Store) -> None:
    for number in range(5):
        store.keep_account_sources("a", "of a", ["file /x", f"content {number}"], "content ")
    store.keep_account_sources("b", "of b", ["file /y", "content 3"], "content ")
    assert store.spent(pot("b")).accounts == {"b"}, "of old contents nothing is kept"
    store.keep_account_sources("c", "of c", ["file /z", "content 4"], "content ")
    store.keep_account_sources("a", "of a", ["file /x", "content 5"], "content ")
    store.keep_account_sources("c", "of c", ["file /z", "content 6"], "content ")
    assert store.spent(pot("a")).accounts == {"a", "c"}, "what was the same data stays so"


def test_contents_of_datasets_of_one_account_are_kept_side_by_side(store: Store) -> None:
    store.keep_account_sources("a", "m", ["content 1"], "content ")
    store.keep_account_sources("a", "n", ["content 2"], "content ")
    store.keep_account_sources("b", "o", ["content 1"], "content ")
    assert store.spent(pot("b")).accounts == {"a", "b"}


# --- grants, facts ---


def test_issued_grant_changes_with_its_record(store: Store, reopen: Callable[[], Store]) -> None:
    first, second = replace(pension_grant(), id="g-2"), replace(pension_grant(), id="g-1")
    first = replace(first, valid_from=first.valid_from.replace(microsecond=0), valid_until=second.valid_until)
    second = replace(second, valid_from=first.valid_from)
    until = first.valid_until.replace(microsecond=0)
    first, second = replace(first, valid_until=until), replace(second, valid_until=until)
    write(store, 0, Append(b"a", issued=(first,)), Append(b"b", issued=(second,)))
    write(store, 2, Append(b"c", issued=(replace(first, state=GrantState.SUSPENDED, note="why"),)))
    assert reopen().issued_grants() == [second, replace(first, state=GrantState.SUSPENDED, note="why")]


def test_received_grants_of_one_provider_are_replaced_together(store: Store) -> None:
    moment = pension_grant().valid_from.replace(microsecond=0)
    base = replace(pension_grant(), valid_from=moment, valid_until=moment.replace(year=moment.year + 1))
    of_hr = [replace(base, id=f"g-{n}") for n in range(3)]
    of_medical = [replace(base, id="g-0", provider=MEDICAL)]
    store.replace_received_grants(HR, of_hr)
    store.replace_received_grants(MEDICAL, of_medical)
    assert store.received_grants() == [*of_hr, *of_medical]
    store.replace_received_grants(HR, of_hr[:1])
    assert store.received_grants() == [of_hr[0], *of_medical]
    store.replace_received_grants(HR, [])
    assert store.received_grants() == of_medical


def test_facts_are_remembered(store: Store, reopen: Callable[[], Store]) -> None:
    assert store.fact("name") is None
    store.set_fact("name", "1")
    store.set_fact("name", "2")
    assert reopen().fact("name") == "2"


# --- threads ---


def test_reads_go_on_beside_a_writer(store: Store) -> None:
    write(store, 0, *lines(1))
    failed: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                size = store.head().size
                # What the head covers is there: both come from one commit.
                assert store.leaf_count() >= size
                assert store.leaves(size - 1, 1)[0][1] == b"leaf %d" % (size - 1)
            except BaseException as error:
                failed.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for first in range(1, 200):
        write(store, first, *lines(1, first))
    stop.set()
    for reader in readers:
        reader.join()
    assert failed == []


def test_group_is_told_when_another_writer_is_at_work(store: Store, reopen: Callable[[], Store]) -> None:
    other = Store(store._engine)
    transaction = begin(other)
    assert store.begin() is None
    transaction.commit()
    write(store, 0, *lines(1))


def test_other_writers_wait_for_the_group(store: Store) -> None:
    transaction = begin(store)
    other = threading.Thread(target=store.set_fact, args=("name", "value"))
    other.start()
    other.join(0.2)
    assert other.is_alive()
    transaction.commit()
    join(other)
    assert store.fact("name") == "value"


def served(dataset: str, number: int, digest: bytes) -> ServedVersion:
    message = catalogue_pb2.DatasetVersion(number=number, entry_digest=digest, title="标题")
    return ServedVersion(dataset, number, digest, b"{}", message)


def test_history_of_the_catalogue_outlives_a_restart(reopen: Callable[[], Store]) -> None:
    first, second, other = served("a", 1, b"1"), served("a", 2, b"2"), served("b", 1, b"3")
    store = reopen()
    assert store.served_digests() == {}
    store.add_served_versions([])
    store.add_served_versions([first, other])
    store.add_served_versions([second])
    store = reopen()
    assert store.served_digests() == {"a": b"2", "b": b"3"}
    assert store.served_versions("a", 9) == [second, first]
    assert store.served_versions("a", 1) == [second]
    assert store.served_versions("c", 9) == []


def test_version_of_the_catalogue_is_never_written_over(store: Store) -> None:
    store.add_served_versions([served("a", 1, b"1")])
    with pytest.raises(NodeError) as refused:
        store.add_served_versions([served("b", 1, b"1"), served("a", 1, b"2")])
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    assert store.served_digests() == {"a": b"1"}


def test_times_that_are_lost_end_where_the_clock_is_set_back_to(
    store: Store, reopen: Callable[[], Store]
) -> None:
    found = [Gap(100, 200), Gap(250, 900), Gap(400, 800), Gap(500, 700)]
    write(store, 0, *(Append(b"loss", gap=gap) for gap in found))
    assert store.gaps() == sorted(found, key=lambda gap: gap.until_ms)

    write(store, 4, Append(b"set back", lost_until_ms=300))

    left = Gaps(tuple(found)).set_back(300).gaps
    assert store.gaps() == sorted(set(left))
    assert reopen().gaps() == [Gap(100, 200), Gap(250, 300), Gap(300, 300)]

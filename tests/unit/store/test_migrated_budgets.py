"""Privacy budgets that an earlier version counted by dataset and period stay spent."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.small_log import at_revision

from node.core.deciding.budget import Pot
from node.store.store import Store

LAST_RECORD = int(datetime(2026, 11, 23, 4, tzinfo=UTC).timestamp() * 1000)
TODAY = date(2026, 11, 23)


def migrated(folder: Path, counters: dict[str, int], last_record: int = LAST_RECORD) -> Store:
    path = at_revision(folder / "node.db", "0002")
    with sqlite3.connect(path) as raw:
        rows = [(key, used, 0) for key, used in counters.items()]
        raw.executemany("INSERT INTO counter VALUES (?, ?, ?)", rows)
        raw.execute("INSERT INTO release VALUES (x'01', x'02')")
        if last_record:
            raw.execute("INSERT INTO log_head VALUES (1, 0, ?, x'', x'', 0, 0)", [last_record])
    raw.close()
    return Store.open(path)


def spent(store: Store, scope: str, who: str, first: date, account: str = "pension") -> int:
    return store.spent(Pot(account, f"budget.{scope}", who, first.toordinal())).used


def test_what_was_spent_in_a_period_counts_in_every_period_that_holds_the_last_record(tmp_path: Path) -> None:
    store = migrated(
        tmp_path,
        {
            "budget.dataset|pension||2026": 7,
            "budget.organisation|pension|税务局 | 市|2026": 5,
            "budget.requester|pension|11441900000000035L|2026": 3,
            "rule.day|pension|r|q|20261123": 2,
        },
    )
    for first in (date(2026, 1, 1), date(2026, 11, 1), TODAY):
        assert spent(store, "dataset", "", first) == 7
        assert spent(store, "organisation", "税务局 | 市", first) == 5
        assert spent(store, "requester", "11441900000000035L", first) == 3
    assert store.balances(["rule.day|pension|r|q|20261123", "budget.dataset|pension||2026"]) == {
        "rule.day|pension|r|q|20261123": 2
    }
    assert store.release(b"\x01") is None
    store.close()


@pytest.mark.parametrize(
    ("period", "first", "today"),
    [
        ("2025", date(2025, 1, 1), 0),
        ("2026-02", date(2026, 2, 1), 0),
        ("2026-10-31", date(2026, 10, 31), 0),
        # A clock was ahead: what was spent then is spent.
        ("2026-12", date(2026, 12, 1), 7),
    ],
)
def test_what_was_spent_in_a_period_that_is_over_stays_within_it(
    tmp_path: Path, period: str, first: date, today: int
) -> None:
    store = migrated(tmp_path, {f"budget.dataset|pension||{period}": 7})
    assert spent(store, "dataset", "", first) == 7
    assert spent(store, "dataset", "", TODAY) == today
    store.close()


def test_several_periods_that_end_on_one_day_add_up(tmp_path: Path) -> None:
    store = migrated(
        tmp_path, {"budget.dataset|pension||2026": 7, "budget.dataset|pension||2026-11": 2}, last_record=0
    )
    assert spent(store, "dataset", "", date(2026, 1, 1)) == 9
    store.close()


def test_dataset_that_gets_an_account_of_its_own_name_or_another_has_spent_the_same(tmp_path: Path) -> None:
    store = migrated(tmp_path, {"budget.dataset|pension||2026": 7})
    store.keep_account_sources("register", "pension", ["dataset pension", "file /x"], "content ")
    year = date(2026, 1, 1)
    assert spent(store, "dataset", "", year, account="register") == 7
    assert spent(store, "dataset", "", year, account="another") == 0
    store.close()

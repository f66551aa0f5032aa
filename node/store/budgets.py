"""The SQL of privacy budgets: what was spent by account and day, and which accounts count together.

Two accounts count together when a source was ever enforced under both, or each with a third one: what was
spent of its data stays spent under another name. Nothing is copied; sums find it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import CTE, Connection, Select, and_, bindparam, delete, exists, func, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

from node.core.deciding.budget import Pot, Spent
from node.store import schema as s


def linked(account: str) -> Select[str]:
    """The account that is bound under this name, and all that count together with it."""
    return select(_linked(account).c.account)


def used() -> Select[int]:
    """What was spent of a pot (None: nothing ever); account, scope, who and day are bound as in `Pot`."""
    row = s.budget.c
    return select(func.sum(row.used)).where(
        row.account.in_(linked("account")),
        row.scope == bindparam("scope"),
        row.who == bindparam("who"),
        row.day >= bindparam("first"),
    )


def add() -> Insert:
    """Spend: account, scope, who, day and amount are bound."""
    statement = upsert(s.budget)
    return statement.on_conflict_do_update(
        index_elements=["account", "scope", "who", "day"],
        set_={"used": s.budget.c.used + statement.excluded.used},
    )


def spent_of(connection: Connection, pot: Pot) -> Spent:
    """What a pot comes to."""
    accounts = connection.scalars(linked("account"), {"account": pot.account}).all()
    return Spent(frozenset(accounts), connection.scalar(used(), pot._asdict()) or 0)


def keep_sources(
    connection: Connection, account: str, dataset: str, sources: Iterable[str], passing: str
) -> None:
    """Remember that the sources of a dataset are enforced under an account.

    Those whose names begin with `passing` are another one with every load: of them the newest of the dataset
    stay, and those that link the account with another.
    """
    row, other = s.account_source.c, s.account_source.alias()
    shared = exists().where(and_(other.c.source == row.source, other.c.account != account))
    gone = (row.account == account, row.dataset == dataset, row.source.startswith(passing, autoescape=True))
    connection.execute(delete(s.account_source).where(*gone, ~shared))
    rows = [{"source": name, "account": account, "dataset": dataset} for name in sorted(set(sources))]
    connection.execute(upsert(s.account_source).on_conflict_do_nothing(), rows)


def _linked(account: str) -> CTE:
    start = select(bindparam(account).label("account")).cte("linked", recursive=True)
    mine, other = s.account_source.alias("mine"), s.account_source.alias("other")
    found = select(other.c.account).where(mine.c.account == start.c.account, other.c.source == mine.c.source)
    return start.union(found)

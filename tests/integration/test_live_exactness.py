"""A live database is looked through; columns, subjects and statistics that are not exact are refused."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Event

import psycopg
import pytest
from sqlalchemy.engine import Connection
from support.kinds import DATABASES, NOON, made, open_live, opened, settle
from support.live import Databases, change, fill, insert
from support.register import ANN, BEN, COLUMNS, DAN, EVE, NOBODY, ROWS, Row, dataset, key, question, resident
from support.told import all_english, english
from support.waiting import PATIENCE, wait_for

from node.core.stop import Stop
from node.core.subject import Unclear
from node.errors import NodeError, Reason
from node.source.database import DatabaseSource
from node.source.dialect import dialect_of
from node.source.live_table import check_comparison
from node.source.open import open_database
from node.source.spec import DatabaseSpec, Exactness

X = next(resident(number) for number in range(100) if resident(number).endswith("X"))
WIDE = "".join(chr(ord(character) + 0xFEE0) for character in X)
EVERY = tuple(DATABASES)
WITHOUT_KEY = tuple(kind for kind in DATABASES if kind.endswith("without key"))


def row(subject: str | None, status: str = "active", region: str = "441900003") -> Row:
    return (subject, "王", status, "12", "2020-01-31", None, None, region)


def verify(source: DatabaseSource, *subjects: str) -> list[bool | Unclear]:
    """One by one and all at once must agree."""
    asked = question("is-active")
    singly = [source.verify(asked, {}, "", [key(subject)])[0] for subject in subjects]
    assert list(source.verify(asked, {}, "", [key(subject) for subject in subjects])) == singly
    return singly


def refused(source: DatabaseSource) -> None:
    """Nothing is answered."""
    for ask in (
        lambda: source.verify(question("is-active"), {}, "", [key(X)]),
        lambda: source.verify(question("is-active"), {}, "", [key(X), key(NOBODY)]),
        lambda: source.field(question("band"), {}, "", [key(ANN)]),
        lambda: source.count(question("people"), {}, "", Stop()),
    ):
        with pytest.raises(NodeError) as error:
            ask()
        assert error.value.reason is Reason.SOURCE_UNAVAILABLE
        assert X not in str(error.value)


# --- identifiers ---


@pytest.mark.parametrize("spelled", [X.lower(), f" {X}", WIDE, f"{X[:6]} {X[6:]}", f"{ANN[:6]}{ANN[8:17]}"])
@pytest.mark.parametrize("kind", WITHOUT_KEY)
def test_identifier_in_another_spelling_refuses_the_source(
    servers: Databases, kind: str, spelled: str
) -> None:
    source = open_live(kind, servers, [row(X), row(spelled), row(BEN)])

    (problem,) = all_english(source.problems())
    assert problem.startswith("1 identifier is in another form than the product's")
    refused(source)
    source.close()


@pytest.mark.parametrize("kind", EVERY)
def test_one_person_in_five_spellings_counts_nowhere(servers: Databases, kind: str) -> None:
    spellings = [X, X.lower(), f" {X}", f"{X}\u3000", WIDE]
    if DATABASES[kind][1].get("resident_id", "").startswith("CHAR"):
        pytest.skip("a column of 18 characters holds no longer spelling")
    if kind.startswith("mariadb") or any(word in kind for word in ("blind", "case", "citext")):
        spellings = spellings[::2]  # the key of such a table takes no others
    if kind == "mariadb without key":
        spellings = [X, X.lower(), f" {X}", f"{X} ", WIDE]
    source = open_live(kind, servers, [row(spelled) for spelled in spellings])

    assert source.problems()
    refused(source)
    source.close()


@pytest.mark.parametrize("kind", EVERY)
def test_what_is_no_identifier_is_left_out_and_told(servers: Databases, kind: str) -> None:
    garbage = [row(f"garbage{number}") for number in range(7)]
    source = open_live(kind, servers, [*ROWS, *garbage])
    report = source.report

    assert report is not None
    assert (report.rows, report.read, report.invalid_subjects) == (4, 11, 7)
    assert report.adds_up
    assert source.problems() == ()
    assert source.count(question("people"), {}, "", Stop()) == [((), 4)]
    assert verify(source, ANN, BEN, NOBODY) == [True, False, False]
    source.close()


# --- several rows ---


@pytest.mark.parametrize("kind", WITHOUT_KEY)
def test_subject_with_several_rows_refuses_the_source(servers: Databases, kind: str) -> None:
    source = open_live(kind, servers, [row(X), row(X, "paused"), row(X), row(BEN)])
    report = source.report

    (problem,) = all_english(source.problems())
    assert problem.startswith("2 rows are about a subject that has one already")
    assert report is not None
    assert (report.rows, report.duplicates) == (2, 2)
    refused(source)
    source.close()


@pytest.mark.parametrize("rows", [[row(X), row(X, "paused")], [row(X, "paused"), row(X)], [row(X)] * 5])
@pytest.mark.parametrize("kind", WITHOUT_KEY)
def test_rows_that_came_since_make_their_subject_unclear_and_count_nowhere(
    servers: Databases, kind: str, rows: list[Row]
) -> None:
    url = made(kind, servers, [row(BEN)])
    source = opened(url)
    insert(url, rows)

    assert source.problems() == ()
    assert verify(source, X, BEN, NOBODY) == [Unclear.SEVERAL_ROWS, True, False]
    assert source.field(question("band"), {}, "", [key(X), key(BEN)]) == [Unclear.SEVERAL_ROWS, "[0,60)"]
    assert source.field(question("name-equals"), {}, "", [key(X, name="王")]) == [Unclear.SEVERAL_ROWS]
    assert source.verify(question("is-active"), {}, "110000", [key(X)]) == [Unclear.SEVERAL_ROWS]
    assert source.count(question("people"), {}, "", Stop()) == [((), 1)]
    assert dict(source.count(question("by-region"), {}, "", Stop())) == {("441900003",): 1, ("441900004",): 0}
    source.close()


@pytest.mark.parametrize("kind", ["sqlite without case", "postgresql with citext", "mariadb with general_ci"])
def test_spelling_that_the_collation_takes_for_the_same_is_no_answer(servers: Databases, kind: str) -> None:
    url = made(kind, servers, [row(BEN)])
    source = opened(url)
    insert(url, [row(X.lower())])

    assert verify(source, X, BEN) == [Unclear.SEVERAL_ROWS, True]
    assert source.count(question("people"), {}, "", Stop()) == [((), 1)]
    source.close()


# --- columns ---


@pytest.mark.parametrize(
    ("column", "value", "asked"),
    [
        ("status", "active ", "is-active"),
        ("status", "gone", "not-active"),
        ("status", "", "is-active"),
        ("name", "欧阳\x01娜", "name-matches"),
        ("name", "娜" * 1001, "name-masked"),
        ("note", "\x9f", "note-empty"),
        ("note", " \x7f", "has-note"),
        ("partner", X.lower(), "partner-matches"),
        ("partner", "none", "partner-matches"),
        ("region", "4419", "county"),
        ("region", "441900003000", "county"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_column_with_a_value_that_a_load_would_change_is_refused(
    servers: Databases, kind: str, column: str, value: str, asked: str
) -> None:
    rows = [list(each) for each in ROWS]
    rows[2][COLUMNS.index(column)] = value
    source = open_live(kind, servers, rows)

    (problem,) = all_english(source.problems())
    assert problem.startswith(f"the column {column} has 1 value in another form than its type's")
    assert (value not in problem) or not value.strip()
    with pytest.raises(NodeError) as error:
        source.field(question(asked), {}, "", [key(ANN, name="x", partner=BEN)])
    assert error.value.reason is Reason.SOURCE_UNAVAILABLE
    assert source.field(question("tens"), {}, "", [key(ANN)]) == ["150"], "other columns are answered from"
    assert source.count(question("people"), {}, "", Stop()) == [((), 4)]
    if column == "region":
        with pytest.raises(NodeError):
            source.field(question("tens"), {}, "441900", [key(ANN)])
        with pytest.raises(NodeError):
            source.count(question("people"), {}, "441900", Stop())
    source.close()


def test_mark_that_may_be_composed_is_brought_to_its_form_where_the_database_knows_unicode(
    servers: Databases,
) -> None:
    rows = [(ANN, "Wang e\u0301", *ROWS[0][2:])]
    for kind in ("sqlite", "postgresql"):
        source = open_live(kind, servers, rows)
        assert source.problems() == ()
        assert source.verify(question("name-matches"), {}, "", [key(ANN, name="Wang \u00e9")]) == [True]
        source.close()
    source = open_live("mariadb", servers, rows)
    (problem,) = all_english(source.problems())
    assert problem.startswith("the column name has 1 value in another form than its type's")
    source.close()


def test_date_as_text_that_is_none_is_refused(servers: Databases) -> None:
    for kind in ("sqlite", "postgresql", "mariadb"):
        url = servers.new(kind)
        fill(url, [(*ROWS[0][:4], "2019-5-1", *ROWS[0][5:])], {"since": "VARCHAR(20)"})
        source = opened(url)

        assert english(source.problems()[0]).startswith("the column since has 1 value")
        source.close()


def test_integer_out_of_its_range_is_refused(servers: Databases) -> None:
    for kind in ("sqlite", "postgresql", "mariadb"):
        source = open_live(kind, servers, [(*ROWS[0][:3], "721", *ROWS[0][4:])])

        assert english(source.problems()[0]).startswith("the column months has 1 value")
        with pytest.raises(NodeError):
            source.verify(question("months-at-least"), {"n": "60"}, "", [key(ANN)])
        source.close()


# --- looking ---


def test_table_that_takes_too_long_is_answered_one_by_one_and_gives_no_statistics(servers: Databases) -> None:
    for kind in ("postgresql without key", "mariadb without key", "sqlite without key"):
        url = made(kind, servers, [row(resident(number)) for number in range(20_000)])
        insert(url, [row(resident(7), "paused")])
        source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, 5.0, 0.001)
        source._checker.wait(PATIENCE)

        assert source.exactness is Exactness.UNCHECKED
        assert source.report is None
        assert source.problems() == ()
        assert verify(source, resident(6), resident(7), "11010119491231002X") == [
            True,
            Unclear.SEVERAL_ROWS,
            False,
        ]
        with pytest.raises(NodeError) as error:
            source.count(question("people"), {}, "", Stop())
        assert error.value.reason is Reason.SOURCE_UNAVAILABLE
        source.close()


def test_opening_does_not_wait_for_a_long_look(servers: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    let = Event()
    monkeypatch.setattr("node.source.database.look_through", lambda *_: let.wait(PATIENCE))
    monkeypatch.setattr("node.source.database._OPENING_SECONDS", 0.05)
    source = open_database(DatabaseSpec(made("sqlite", servers, ROWS), "register"), dataset(), lambda: NOON)

    assert source.exactness is Exactness.CHECKING
    assert verify(source, ANN, BEN) == [True, False]
    with pytest.raises(NodeError, match="not looked through"):
        source.count(question("people"), {}, "", Stop())
    let.set()
    source.close()


def test_new_day_is_looked_at_anew(servers: Databases) -> None:
    url = made("sqlite without key", servers, ROWS)
    today = [NOON]
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: today[0], 30.0)
    settle(source)
    insert(url, [ROWS[0]])
    source.tend()
    source.tend(asked=True)
    settle(source)
    assert source.problems() == (), "what was in order is not looked at twice a day"

    today[0] = NOON + timedelta(days=1)
    source.tend()
    settle(source)

    assert source.problems()
    source.close()


def test_what_was_mended_is_seen_when_it_is_asked_for(servers: Databases) -> None:
    url = made("sqlite without key", servers, [*ROWS, ROWS[0]])
    source = opened(url)
    assert source.problems()
    change(url, "DELETE FROM register WHERE rowid = 1")
    source.tend()
    settle(source)
    assert source.problems(), "not at once: the look takes the database's time"

    source.tend(asked=True)
    settle(source)

    assert source.problems() == ()
    assert source.count(question("people"), {}, "", Stop()) == [((), 4)]
    source.close()


def test_lookups_do_not_wait_for_a_count(servers: Databases) -> None:
    url = made("postgresql", servers, ROWS)
    source = opened(url)
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        busy = source._counts.start(
            lambda connection: connection.exec_driver_sql("SELECT pg_advisory_lock(1)")
        )

        assert verify(source, ANN, BEN, EVE, DAN) == [True, False, True, False]
        assert not busy.done()
    busy.result(PATIENCE)
    source.close()


# --- sessions ---


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_session_can_write_nothing(servers: Databases, kind: str) -> None:
    source = open_live(kind, servers, ROWS)
    for sessions in (source._lookups, source._counts, source._looks):
        for statement in ("DELETE FROM register", "CREATE TABLE other (n INTEGER)"):
            with pytest.raises(NodeError) as error:
                sessions.run(partial(Connection.exec_driver_sql, statement=statement))
            assert error.value.reason is Reason.SOURCE_UNAVAILABLE

    assert source.count(question("people"), {}, "", Stop()) == [((), 4)]
    source.close()


@pytest.mark.parametrize(
    ("kind", "long"),
    [
        ("sqlite", "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"),
        ("postgresql", "SELECT pg_sleep(60)"),
        ("mariadb", "SELECT SLEEP(60)"),
    ],
)
def test_statement_that_takes_too_long_is_ended_by_the_database(
    servers: Databases, kind: str, long: str
) -> None:
    url = made(kind, servers, ROWS)
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, 1.0)
    future = source._lookups.start(lambda connection: connection.exec_driver_sql(long).scalar())

    with pytest.raises(NodeError) as error:
        future.result(PATIENCE)
    assert error.value.reason is Reason.SOURCE_UNAVAILABLE
    source.close()


def test_statement_that_takes_too_long_goes_on_in_no_mariadb_either(servers: Databases) -> None:
    """The driver stops waiting by itself: the server is asked whether it has stopped working, too."""
    url = made("mariadb", servers, ROWS)
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, 1.0)
    future = source._lookups.start(lambda connection: connection.exec_driver_sql("SELECT SLEEP(60)").scalar())
    with pytest.raises(NodeError):
        future.result(PATIENCE)
    source.close()

    other = opened(url)
    sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'SELECT SLEEP(60)'"
    wait_for(lambda: not other._lookups.run(lambda connection: connection.exec_driver_sql(sql).scalar()))
    other.close()


@pytest.mark.parametrize(
    ("kind", "sql", "settings"),
    [
        (
            "mariadb",
            "SELECT @@max_statement_time, @@tx_read_only, @@character_set_connection, "
            "@@sql_mode LIKE '%STRICT%'",
            (30.0, 1, "utf8mb4", 1),
        ),
        (
            "postgresql",
            "SELECT current_setting('statement_timeout'), current_setting('transaction_read_only'), "
            "current_setting('DateStyle') LIKE 'ISO%'",
            ("30s", "on", True),
        ),
        ("sqlite", "PRAGMA query_only", (1,)),
    ],
)
def test_session_is_set_up_before_it_is_used(
    servers: Databases, kind: str, sql: str, settings: tuple[object, ...]
) -> None:
    source = open_live(kind, servers, ROWS)
    row = source._lookups.run(lambda connection: connection.exec_driver_sql(sql.replace("%", "%%")).one())

    assert tuple(row) == settings
    source.close()


@pytest.mark.parametrize("kind", ["postgresql with citext", "mariadb", "sqlite"])
def test_database_that_tells_nothing_apart_is_refused(servers: Databases, kind: str) -> None:
    """As one does that was set up without case: here it is asked in a way that knows none."""
    how = {"postgresql with citext": "CAST(_x AS CITEXT)", "mariadb": "_x", "sqlite": "UPPER(_x)"}[kind]
    source = open_live(kind, servers, ROWS)
    careless = dialect_of(source._dialect.name, how, how)

    source._lookups.run(partial(check_comparison, dialect=source._dialect))
    with pytest.raises(NodeError) as error:
        source._lookups.run(partial(check_comparison, dialect=careless))
    assert error.value.reason is Reason.CONFIG_INVALID
    source.close()


def test_server_of_another_kind_than_its_url_says_is_refused(
    servers: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(*_: object) -> None:
        raise AssertionError("Could not determine version from string '(openGauss 5.0.0)'")

    url = made("postgresql", servers, ROWS)
    monkeypatch.setattr("sqlalchemy.dialects.postgresql.base.PGDialect._get_server_version_info", version)
    with pytest.raises(NodeError) as error:
        open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON)
    assert error.value.reason is Reason.CONFIG_INVALID


def test_database_without_an_exact_comparison_is_refused() -> None:
    for url in ("mssql+pyodbc://reader@host/name", "oracle+oracledb://reader@host/name"):
        with pytest.raises(NodeError) as error:
            open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON)
        assert error.value.reason is Reason.CONFIG_INVALID
        assert "no exact comparison is known" in error.value.message

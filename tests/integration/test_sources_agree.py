"""One contract for all data sources: the same rows give the same answers, wherever they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from postgres import Postgres, running
from register import ANN, BEN, COLUMNS, DAN, EVE, NOBODY, ROWS, dataset, key, question, write_csv

from node.core.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.source.database import DatabaseSource
from node.source.lookup import SnapshotSource
from node.source.open import open_database, open_file
from node.source.spec import DatabaseSpec, FileSpec

Source = SnapshotSource | DatabaseSource
EVERYBODY = [ANN, BEN, EVE, DAN, NOBODY]
DAY = date(2026, 11, 22)
TABLE = """CREATE TABLE register (resident_id VARCHAR(18){key}, name TEXT, status TEXT, months INTEGER,
    since DATE, note TEXT, partner TEXT, region TEXT)"""


def _insert(
    connection: sqlite3.Connection | psycopg.Connection[tuple[object, ...]], mark: str, key: str
) -> None:
    cursor = connection.cursor()
    cursor.execute(TABLE.format(key=key))
    cursor.executemany(f"INSERT INTO register VALUES ({','.join([mark] * 8)})", list(ROWS))  # noqa: S608
    connection.commit()
    connection.close()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running(tmp_path_factory.mktemp("pg")) as server:
        yield server


@pytest.fixture(
    scope="module",
    params=[
        "csv",
        "csv in gb18030",
        "parquet",
        "sqlite",
        "sqlite without key",
        "postgresql",
        "postgresql without key",
    ],
)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    folder = tmp_path_factory.mktemp("source")
    opened = _open(request, folder)
    yield opened
    opened.close()


def _open(request: pytest.FixtureRequest, folder: Path) -> Source:
    kind: str = request.param
    unique = "" if kind.endswith("without key") else " PRIMARY KEY"
    if kind.startswith("postgresql"):
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        _insert(psycopg.connect(url), "%s", unique)
        return open_database(DatabaseSpec(url, "public.register"), dataset(), lambda: DAY)
    if kind.startswith("sqlite"):
        path = folder / "live register.db"
        _insert(sqlite3.connect(path), "?", unique)
        return open_database(DatabaseSpec(f"sqlite:///{path}", "register"), dataset(), lambda: DAY)
    path = write_csv(folder / "register.csv")
    spec = FileSpec(path, "csv")
    if kind == "csv in gb18030":
        path.write_bytes(path.read_text("utf-8").encode("gb18030"))
        spec = FileSpec(path, "csv", "gb18030")
    if kind == "parquet":
        columns = dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        months = table["months"].cast(pa.int32())
        since = table["since"].cast(pa.date32())
        table = table.set_column(3, "months", months).set_column(4, "since", since)
        spec = FileSpec(folder / "register.parquet", "parquet")
        pq.write_table(table, spec.path)
    return open_file(spec, dataset(), folder / "data", lambda done, total: None)


def _ask(
    source: Source, name: str, subjects: list[str], region: str = "", **parameters: str
) -> list[bool | str | None]:
    """One by one and all at once must agree."""
    asked = question(name)
    ask = source.verify if asked.kind is QuestionKind.VERIFY else source.field
    singly = [ask(asked, parameters, region, [key(subject)])[0] for subject in subjects]
    assert list(ask(asked, parameters, region, [key(subject) for subject in subjects])) == singly
    return singly


@pytest.mark.parametrize(
    ("name", "parameters", "answers"),
    [
        ("is-active", {}, [True, False, True, False, False]),
        ("is-odd", {}, [False, False, False, True, False]),
        ("not-active", {}, [False, True, False, True, False]),
        ("months-at-least", {"n": "60"}, [True, True, False, False, False]),
        ("since-before", {"day": "2021-01-01"}, [True, True, False, False, False]),
        ("note-empty", {}, [False, True, False, False, False]),
        ("band", {}, [">120", "[60,120]", "[0,60)", None, None]),
        ("year", {}, ["2019", "2020", "2021", None, None]),
        ("name-masked", {}, ["王****", "李****", "欧****", None, None]),
        ("county", {}, ["441900", "441900", "441900", None, None]),
        ("tens", {}, ["150", "60", "0", None, None]),
        ("has-note", {}, ["true", None, "true", "true", None]),
        ("note-plain", {}, ['甲, "乙"', None, "a: b :n", "x", None]),
    ],
)
def test_answers(source: Source, name: str, parameters: dict[str, str], answers: list[object]) -> None:
    assert _ask(source, name, EVERYBODY, **parameters) == answers


@pytest.mark.parametrize(
    ("region", "answers"),
    [
        ("441900003", [True, False, True, False, False]),
        ("441900004", [False, False, False, False, False]),
        ("441900003001", [False, False, True, False, False]),
        ("44", [True, False, True, False, False]),
        ("000000", [True, False, True, False, False]),
        ("110000", [False] * 5),
    ],
)
def test_subjects_outside_the_region_are_unknown(source: Source, region: str, answers: list[bool]) -> None:
    assert _ask(source, "is-active", EVERYBODY, region) == answers


@pytest.mark.parametrize(
    ("name", "claims", "answers"),
    [
        (
            "name-matches",
            [{"name": " 王小芳 "}, {"name": "王小芳"}, {"name": ""}, {}],
            [True, False, False, False],
        ),
        (
            "name-matches",
            [{"name": "' OR 1=1 --"}, {"name": ":name"}, {"name": "x\x00"}],
            [False, False, False],
        ),
        (
            "partner-matches",
            [{"partner": BEN.lower()}, {"partner": ANN}, {"partner": "no number"}],
            [True, False, False],
        ),
        ("name-equals", [{"name": "王小芳"}, {"name": "王"}, {}, {"name": "x"}], ["true", None, None, None]),
    ],
)
def test_claims_match_only_the_subject_they_are_made_about(
    source: Source, name: str, claims: list[dict[str, str]], answers: list[object]
) -> None:
    asked = question(name)
    subjects = [key(subject, **claim) for subject, claim in zip(EVERYBODY, claims, strict=False)]
    ask = source.verify if asked.kind is QuestionKind.VERIFY else source.field

    assert list(ask(asked, {}, "", subjects)) == answers
    assert [ask(asked, {}, "", [subject])[0] for subject in subjects] == answers


@pytest.mark.parametrize(
    ("name", "region", "counts"),
    [
        ("people", "", {(): 4}),
        ("named", "", {(): 3}),
        ("people", "441900003", {(): 2}),
        ("by-region", "", {("441900003",): 2, ("441900004",): 1}),
        ("by-region", "441900004", {("441900003",): 0, ("441900004",): 1}),
        (
            "by-region-and-status",
            "",
            {
                ("441900003", "active"): 1,
                ("441900003", "paused"): 0,
                ("441900003", "o'clock: x"): 0,
                ("441900004", "active"): 0,
                ("441900004", "paused"): 1,
                ("441900004", "o'clock: x"): 0,
            },
        ),
    ],
)
def test_counts_fill_every_declared_cell(
    source: Source, name: str, region: str, counts: dict[tuple[str, ...], int]
) -> None:
    assert dict(source.count(question(name), {}, region)) == counts


def test_thousand_subjects_are_answered_in_their_order(source: Source) -> None:
    subjects = [key(EVERYBODY[number % 5]) for number in range(1000)]

    assert source.verify(question("is-active"), {}, "", subjects) == [True, False, True, False, False] * 200


def test_many_threads_get_the_same_answers(source: Source) -> None:
    subjects = [key(subject) for subject in EVERYBODY]

    def ask(number: int) -> list[bool]:
        return source.verify(question("is-active"), {}, "", subjects if number % 2 else subjects[:1])

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(200)))

    assert answers == [[True], [True, False, True, False, False]] * 100


@pytest.mark.parametrize("parameters", [{}, {"n": ""}, {"n": "60 OR 1=1"}])
def test_missing_or_malformed_parameter_is_refused(source: Source, parameters: dict[str, str]) -> None:
    with pytest.raises(NodeError) as refused:
        source.verify(question("months-at-least"), parameters, "", [key(ANN)])

    assert refused.value.reason is Reason.QUERY_INVALID
    assert "OR" not in str(refused.value)


def test_verification_is_no_statistic(source: Source) -> None:
    with pytest.raises(NodeError) as refused:
        source.count(question("is-active"), {}, "")

    assert refused.value.reason is Reason.QUERY_INVALID


def test_sound_source_reports_its_rows_and_checks(source: Source) -> None:
    source.check()

    assert (source.report.rows, source.report.duplicates) == (4, 0)


def test_closed_source_says_so(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    opened = open_file(
        FileSpec(write_csv(tmp_path / "r.csv"), "csv"), dataset(), tmp_path, lambda done, total: None
    )
    opened.close()

    with pytest.raises(NodeError) as refused:
        opened.verify(question("is-active"), {}, "", [key(ANN)])

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE

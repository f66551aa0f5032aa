"""A node whose data are not exact says so, denies what depends on them, and recovers once they are mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.running import CASE, DEFERRAL, ENROLLED, PLANNING, Running, pension_town, resident, running
from support.told import english
from support.town import HR, TAX
from support.waiting import wait_for

from node.client import Chunk, Client, Subject
from node.client.results import DatasetStatus
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

HEADER = "resident_id,name,status,months_paid,region\n"


def row(number: int, status: str = "active", name: str = "张三") -> str:
    return f"{resident(number)},{name},{status},{number},441900003\n"


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def insert(path: Path, number: int, status: str, subject: str = "") -> None:
    values = f"'{subject or resident(number)}', '张三', '{status}', {number}, '441900003'"
    execute(path, f"INSERT INTO people VALUES ({values})")  # noqa: S608 (of this test)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Running]:
    town = pension_town(tmp_path)
    (tmp_path / HR / "data" / "pension-insurance.csv").write_text(
        HEADER + row(2) + "\n" + row(4) + row(2) + "none,x,active,1,441900003\n" + row(6, "gone", '"张\n三"')
    )
    config = town.offices[HR].config
    # One of five rows is about nobody.
    config.write_text(
        config.read_text().replace(
            "pension-insurance.csv}", "pension-insurance.csv, most_invalid_percent: 20}"
        )
    )
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Running, Path]]:
    """The register in a live database with a second row about one of its people."""
    town, path = pension_town(tmp_path), tmp_path / "people.db"
    execute(
        path,
        "CREATE TABLE people (resident_id TEXT, name TEXT, status TEXT, months_paid INTEGER, region TEXT)",
    )
    for number in range(10):
        insert(path, number, "active" if number % 2 == 0 else "ended")
    insert(path, 2, "ended")
    config = town.offices[HR].config
    source = f"{{url: 'sqlite:///{path}', table: people}}"
    config.write_text(config.read_text().replace("{csv: data/pension-insurance.csv}", source))
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes, path


def verify(client: Client, number: int) -> bool | Reason:
    try:
        return client.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer
    except NodeError as error:
        return error.reason


def verdicts(nodes: Running) -> list[rec.Verdict]:
    return [record.verdict for record in nodes.records(HR) if record.WhichOneof("body") == "verdict"]


def dataset(client: Client) -> DatasetStatus:
    (found,) = client.admin.status().datasets
    return found


def test_lines_of_a_file_add_up_in_status(here: Running) -> None:
    with here.operator(HR) as hr:
        found = dataset(hr)
    assert found.exactness == "read"
    parts = (found.header_lines, found.rows, found.invalid_subjects, found.duplicates, found.blank_lines)
    assert parts == (1, 3, 1, 1, 1)
    assert found.lines == sum(parts) + found.continued_lines == 8
    assert found.refused_values == 1

    socket = here.town.offices[HR].socket
    said = dxnode("status", "--desk", f"unix:{socket}").out
    assert "8 lines = 1 header + 3 rows taken + 1 without a valid identifier + 1 replaced" in said


def test_file_with_a_stray_mark_is_refused_with_its_place_and_the_last_good_one_stays(here: Running) -> None:
    path = here.town.offices[HR].folder / "data" / "pension-insurance.csv"
    with here.operator(HR) as hr, here.operator(TAX) as tax:
        assert verify(tax, 4) is True
        path.write_text(HEADER + row(4, "ended", '"张三') + row(2) + row(6, "active", '李四"'))
        wait_for(lambda: hr.admin.status().state == "DEGRADED")

        assert "pension-insurance.csv:2:20: a value has a line break and a comma" in english(
            dataset(hr).problem
        )
        assert verify(tax, 4) is True
        path.write_text(HEADER + row(4, "ended") + row(2))
        wait_for(lambda: hr.admin.status().state == "SERVING")
        assert verify(tax, 4) is False


def test_live_database_that_is_not_exact_denies_until_it_is_mended(live: tuple[Running, Path]) -> None:
    nodes, path = live
    with nodes.operator(HR) as hr, nodes.operator(TAX) as tax:
        wait_for(lambda: dataset(hr).exactness == "checked")
        found = dataset(hr)
        assert "1 row is about a subject that has one already" in english(found.problem)
        assert (found.rows, found.duplicates, found.lines) == (10, 1, 11)
        assert hr.admin.status().state == "DEGRADED"
        assert verify(tax, 4) is Reason.SOURCE_UNAVAILABLE
        verdict = verdicts(nodes)[-1]
        assert (verdict.decision, verdict.clause) == (rec.DECISION_DENY, "source.unfit")

        execute(path, "DELETE FROM people WHERE rowid = 11")
        hr.admin.reload()
        wait_for(lambda: hr.admin.status().state == "SERVING")

        assert [verify(tax, number) for number in (2, 4, 3)] == [True, True, False]
        release = tax.statistic(f"{HR}/pension-insurance/enrolled-by-region", purpose=PLANNING, case=CASE)
        assert len(release.cells) > 1


def test_second_row_that_comes_later_refuses_its_subject_alone(live: tuple[Running, Path]) -> None:
    nodes, path = live
    execute(path, "DELETE FROM people WHERE rowid = 11")
    with nodes.operator(HR) as hr, nodes.operator(TAX) as tax:
        hr.admin.reload()
        wait_for(lambda: hr.admin.status().state == "SERVING")
        insert(path, 2, "ended")

        assert verify(tax, 2) is Reason.SOURCE_UNAVAILABLE
        assert verdicts(nodes)[-1].clause == "source"
        assert verify(tax, 4) is True
        chunk = Chunk(0, tuple(Subject(resident(number)) for number in (4, 2, 3, 6)))
        (result,) = tax.batch(ENROLLED, [chunk], purpose=DEFERRAL, case=CASE, batch_id=b"b" * 16)
        assert result.answers == (True, False, False, True)
        assert result.over_limit == {1}

"""Claims about bad exports: the last good load stays in use, over restarts too; what was accepted is used."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.remembered import Remembered
from support.running import pension_town, register, resident
from support.told import all_english
from support.town import HR
from support.waiting import wait_for

from node.app.live.live import Live
from node.config.file import load_settings
from node.core.state.part import PartKind
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("data is built by processes of their own")

HEADER = "resident_id,name,status,months_paid,region\n"


class Place:
    """A node's folder, and what it remembers; `open` starts it again."""

    def __init__(self, folder: Path, csv: str = "", extra: str = "") -> None:
        office = pension_town(folder).offices[HR]
        self.config, self.folder = office.config, office.folder
        self.file = next(iter(load_settings(self.config).sources.values())).csv
        if csv:
            self.put(csv.encode())
        if extra:
            text = self.config.read_text("utf-8")
            self.config.write_text(text.replace(".csv", f".csv, {extra}", 1), "utf-8")
        self.memory = Remembered()
        self.now = datetime.now(UTC)

    def put(self, content: bytes) -> None:
        assert self.file is not None
        part = self.file.with_suffix(".part")
        part.write_bytes(content)
        part.replace(self.file)

    def open(self) -> Live:
        return Live(self.config, load_settings(self.config), self.memory, lambda: self.now, os.urandom)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, register(40))


def answers(live: Live, number: int) -> bool:
    state = live.provider_state()
    question = state.policies.datasets["pension-insurance"].questions["is-enrolled"]
    source = state.sources["pension-insurance"]
    return source.verify(question, {}, "", [SubjectKey(resident(number), {})])[0] is True


def problems(live: Live) -> list[str]:
    return all_english(problem for problem in live.problems() if problem.part.kind is PartKind.SOURCE)


def rounded(text: str) -> str:
    return "\n".join(
        line[:15] + "000" + line[18:] if line[:1].isdigit() else line for line in text.splitlines()
    )


def scientific(text: str) -> str:
    return "\n".join("4.42E+17" + line[18:] if line[:1].isdigit() else line for line in text.splitlines())


BAD: dict[str, tuple[Callable[[str], str], str]] = {
    "header alone": (lambda text: HEADER, "it has no rows (usable rows: 0 now, 40 in the last good load)"),
    "blank lines alone": (lambda text: HEADER + "\n\n\n", "it has no rows"),
    "cut off": (
        lambda text: "".join(text.splitlines(keepends=True)[:10]),
        "(usable rows: 9 now, 40 in the last good load)",
    ),
    "rounded": (rounded, "identifiers were rounded by a spreadsheet"),
    "scientific": (scientific, "identifiers were rounded by a spreadsheet"),
    "other column": (
        lambda text: text.replace("4419001980", "employee-1980"),
        "40 of its 40 rows have no valid identifier",
    ),
    "status in other words": (lambda text: text.replace("active", "在保"), "20 values of its column status"),
    "status left out": (
        lambda text: text.replace(",active,", ",,").replace(",ended,", ",,"),
        "column status",
    ),
    "months with a unit": (
        lambda text: "\n".join(re.sub(",([0-9]{1,3}),", ",\\1个月,", line) for line in text.splitlines()),
        "40 values of its column months_paid",
    ),
    "last digit lost": (
        lambda text: "\n".join(
            line[:17] + line[18:] if line[:1].isdigit() else line for line in text.splitlines()
        ),
        "40 of its 40 rows have no valid identifier",
    ),
}


@pytest.mark.parametrize(("spoil", "words"), BAD.values(), ids=BAD)
def test_bad_export_leaves_the_last_good_load_in_use_over_restarts(
    place: Place, spoil: Callable[[str], str], words: str
) -> None:
    live = place.open()
    assert answers(live, 2)
    assert problems(live) == []
    load = live.load_of("pension-insurance")

    place.put(spoil(register(40)).encode())
    report = live.reload()

    assert any(words in line for line in all_english(report.refused))
    for each in (live, place.open()):
        assert answers(each, 2), "the last good load is answered from"
        assert [words in line for line in problems(each)] == [True]
        assert each.load_of("pension-insurance") == load, "it is the same load, as old as before"


def test_good_export_ends_the_problem(place: Place) -> None:
    live = place.open()
    place.put(HEADER.encode())
    live.reload()
    assert problems(live) != []

    place.put(register(41).encode())

    assert live.reload().refused == ()
    assert problems(live) == []
    assert answers(live, 40)
    with pytest.raises(NodeError):
        live.held("pension-insurance")


def test_first_load_that_is_no_good_is_not_answered_from(tmp_path: Path) -> None:
    place = Place(tmp_path, HEADER)
    live = place.open()

    assert "nothing is answered" in problems(live)[0]
    assert live.sources.opened == {}
    place.put(register(5).encode())
    assert live.reload().refused == ()
    assert answers(live, 2)


def test_what_was_accepted_is_used_and_is_what_later_loads_are_compared_with(place: Place) -> None:
    live = place.open()
    place.put(register(4).encode())
    live.reload()
    held = live.held("pension-insurance")

    place.memory.set_fact(*held.as_good("pension-insurance"))
    live.open_anew("pension-insurance")

    for each in (live, place.open()):
        assert problems(each) == []
        assert answers(each, 2)
        assert not answers(each, 6)
        with pytest.raises(NodeError) as none:
            each.held("pension-insurance")
        assert none.value.reason is Reason.NOT_FOUND
    place.put(register(3).encode())
    assert live.reload().refused == ()


def test_bounds_of_a_dataset_are_its_own(tmp_path: Path) -> None:
    place = Place(tmp_path, register(40), "least_rows_percent: 10, most_invalid_percent: 60")
    live = place.open()
    place.put((register(4) + "employee-1,x,active,1,441900003\n").encode())

    assert live.reload().refused == ()
    assert answers(live, 2)
    assert not answers(live, 6)


def test_policy_that_reads_the_same_file_anew_needs_no_acceptance(place: Place) -> None:
    live = place.open()
    policy = place.folder / "policies" / "pension-insurance.yaml"
    policy.write_text(policy.read_text("utf-8").replace("range: [0, 720]", "range: [0, 700]"), "utf-8")

    assert live.reload().refused == ()
    assert answers(live, 2)


def test_after_a_restart_a_file_that_cannot_be_read_leaves_the_last_good_load_in_use(place: Place) -> None:
    place.open()
    place.put(register(40).encode("utf-16"))
    live = place.open()

    assert answers(live, 2)
    assert "the file is UTF-16" in problems(live)[0]
    place.put(register(41).encode())
    assert live.reload().refused == ()
    assert problems(live) == []


def moved(place: Place, content: bytes) -> Live:
    """The node after its settings were made to name another file, which holds this."""
    assert place.file is not None
    place.file = place.file.with_name("moved.csv")
    place.put(content)
    text = place.config.read_text("utf-8")
    place.config.write_text(text.replace("data/pension-insurance.csv", "data/moved.csv"), "utf-8")
    return place.open()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (register(40).encode("utf-16"), "the file is UTF-16"),
        (HEADER.encode(), "which the settings do not name any more"),
        (register(10).encode(), "which the settings do not name any more"),
    ],
    ids=["unreadable", "empty", "cut"],
)
def test_nothing_is_answered_from_a_file_that_the_settings_do_not_name_any_more(
    place: Place, content: bytes, words: str
) -> None:
    place.open()
    live = moved(place, content)

    assert live.sources.opened == {}
    assert words in problems(live)[0]

    text = place.config.read_text("utf-8")
    place.config.write_text(text.replace("data/moved.csv", "data/pension-insurance.csv"), "utf-8")
    back = place.open()
    assert problems(back) == []
    assert answers(back, 2)


def test_same_data_in_another_file_need_no_word(place: Place) -> None:
    place.open()
    live = moved(place, register(40).encode())
    assert problems(live) == []

    place.put(HEADER.encode())
    live.reload()
    for each in (live, place.open()):
        assert answers(each, 2), "the file that is named now was good"


def test_moved_file_that_is_accepted_is_the_good_one_from_then_on(place: Place) -> None:
    place.open()
    live = moved(place, register(10).encode())

    place.memory.set_fact(*live.held("pension-insurance").as_good("pension-insurance"))
    live.open_anew("pension-insurance")
    assert problems(live) == []
    place.put(HEADER.encode())

    assert answers(place.open(), 2)


def test_link_that_leads_to_another_file_is_the_same_source(place: Place) -> None:
    assert place.file is not None
    first, link = place.file.with_name("monday.csv"), place.file
    place.file.rename(first)
    link.symlink_to(first)
    place.open()
    tuesday = place.file.with_name("tuesday.csv")
    tuesday.write_text(HEADER)
    link.unlink()
    link.symlink_to(tuesday)

    assert answers(place.open(), 2)


def test_decline_in_small_steps_ends_with_the_last_good_load_in_use(place: Place) -> None:
    live = place.open()
    place.put(register(24).encode())
    assert live.reload().refused == ()
    place.put(register(16).encode())

    (refused,) = all_english(live.reload().refused)
    assert "fewer than 50 % of the 40 rows" in refused
    for each in (live, place.open()):
        assert answers(each, 22)
        assert len(problems(each)) == 1


def test_good_load_whose_built_files_are_gone_is_no_ground_to_use_a_bad_one(place: Place) -> None:
    place.open()
    shutil.rmtree(place.folder / "state" / "data")
    place.put(HEADER.encode())
    live = place.open()

    assert live.sources.opened == {}
    assert (
        "nothing is answered: it has no rows (usable rows: 0 now, 40 in the last good load)"
        in problems(live)[0]
    )


def test_memory_that_is_full_keeps_the_load_before(place: Place) -> None:
    live = place.open()
    place.put(register(45).encode())
    place.memory.full = True

    assert live.reload().refused != ()
    assert answers(live, 2)
    place.memory.full = False
    assert live.reload().refused == ()
    assert answers(live, 44)


NUMBER = resident(2)
SPELLED = [f'"=""{NUMBER}"""', f'="{NUMBER}"', f"'{NUMBER}", f"`{NUMBER}", f"\t{NUMBER}", f"{NUMBER}\t"]


@pytest.mark.parametrize("spelled", SPELLED)
def test_identifiers_that_an_export_kept_from_rounding_are_read(tmp_path: Path, spelled: str) -> None:
    live = Place(tmp_path, f'{HEADER}{spelled},="王芳",="active",="12",441900003\n').open()

    assert problems(live) == []
    assert answers(live, 2)


def test_data_older_than_the_catalogue_entry_says_are_a_problem_until_newer_ones_come(place: Place) -> None:
    assert place.file is not None
    old = int((datetime.now(UTC) - timedelta(days=30)).timestamp())
    os.utime(place.file, (old, old))
    live = place.open()

    (problem,) = problems(live)
    assert "longer ago than the catalogue entry of pension-insurance says" in problem
    load = live.load_of("pension-insurance")
    assert load is not None
    assert load.overdue
    assert load.as_of_ms == int(old * 1000)
    os.utime(place.file)
    live.reload()
    assert problems(live) == []


def test_clock_that_is_set_back_makes_nothing_old_and_one_that_goes_on_does(place: Place) -> None:
    live = place.open()
    start = place.now
    for days, is_old in ((-400, False), (0, False), (1, False), (30, True), (-1, False)):
        place.now = start + timedelta(days=days)
        load = live.load_of("pension-insurance")
        assert load is not None
        assert load.overdue is is_old
        assert load.as_of_ms <= int(place.now.timestamp() * 1000)


# --- live tables ---


def with_table(folder: Path, rows: str) -> Place:
    """The same register in a live database."""
    place = Place(folder)
    fill(place, rows)
    text = place.config.read_text("utf-8")
    table = f"{{url: 'sqlite:///{place.folder / 'register.db'}', table: t}}"
    place.config.write_text(text.replace("{csv: data/pension-insurance.csv}", table), "utf-8")
    return place


def fill(place: Place, rows: str) -> None:
    columns = "resident_id text, name text, status text, months_paid integer, region text"
    with closing(sqlite3.connect(place.folder / "register.db")) as database, database:
        database.execute("DROP TABLE IF EXISTS t")
        database.execute(f"CREATE TABLE t ({columns})")
        lines = [line.split(",") for line in rows.splitlines()[1:]]
        database.executemany("INSERT INTO t VALUES (?, ?, ?, CAST(? AS INTEGER), ?)", lines)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (HEADER, "it has no rows (usable rows: 0 now, 40 in the last good load)"),
        (
            register(19),
            "it has fewer than 50 % of the rows before (usable rows: 19 now, 40 in the last good load)",
        ),
        (register(40).replace("4419001980", "employee-1980"), "40 of its 40 rows have no valid identifier"),
    ],
    ids=["emptied", "cut", "other identifiers"],
)
def test_live_table_that_may_be_no_good_is_not_answered_from_until_it_is_accepted(
    tmp_path: Path, rows: str, words: str
) -> None:
    place = with_table(tmp_path, register(40))
    assert answers(place.open(), 2)
    fill(place, rows)
    live = place.open()

    assert any(words in line for line in problems(live))
    with pytest.raises(NodeError) as refused:
        answers(live, 2)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE

    place.memory.set_fact(*live.held("pension-insurance").as_good("pension-insurance"))
    live.open_anew("pension-insurance")
    assert problems(live) == []
    assert not answers(live, 38)


def test_live_table_that_is_good_again_is_answered_from_without_a_word(tmp_path: Path) -> None:
    place = with_table(tmp_path, register(40))
    place.open()
    fill(place, HEADER)
    live = place.open()
    assert problems(live) != []
    fill(place, register(40))

    live.reload()

    wait_for(lambda: problems(live) == [])
    assert answers(live, 2)


@pytest.mark.parametrize("kind", ["integer", "numeric", "real", "decimal(18,0)"])
def test_live_column_of_numbers_holds_no_identifiers(tmp_path: Path, kind: str) -> None:
    place = with_table(tmp_path, register(4))
    with closing(sqlite3.connect(place.folder / "register.db")) as database, database:
        database.execute("ALTER TABLE t RENAME TO u")
        others = "name text, status text, months_paid integer, region text"
        database.execute(f"CREATE TABLE t (resident_id {kind}, {others})")
        database.execute("INSERT INTO t SELECT * FROM u")
    live = place.open()

    assert any("is of a type for numbers" in line for line in problems(live))
    assert live.sources.opened == {}

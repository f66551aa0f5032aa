"""Claims about batches from CSV to CSV, above all that a killed one goes on where it was."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.batches import answers, batch, command, people
from support.cli_run import dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import FIELD, FakeDesk, enrolled, resident, serving

from node.errors import Reason


def test_rows_come_back_in_order_with_their_answers(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    ran = batch(people(tmp_path / "in.csv", 2500), address)
    assert ran.code == 0
    rows = answers(tmp_path / "out.csv")
    assert [row["no"] for row in rows] == [str(number) for number in range(2500)]
    assert all(row["answer"] == ("yes" if enrolled(row["id"]) else "no") for row in rows)
    assert {row["reason"] for row in rows} == {""}
    assert [len(subjects) for _, _, subjects in desk.chunks] == [1000, 1000, 500]


def test_nothing_but_the_output_is_left(tmp_path: Path, address: str) -> None:
    batch(people(tmp_path / "in.csv", 10), address)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv", "desk.sock"}


def test_output_is_for_its_owner_alone(tmp_path: Path, address: str) -> None:
    batch(people(tmp_path / "in.csv", 10), address)
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0


def test_json_result_counts(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "in.csv", 10)
    source.write_text(source.read_text() + "10,wrong,某某\n")
    result = json.loads(batch(source, address, "--json").out)
    assert (result["rows"], result["answered"]) == (11, 10)
    assert result["yes"] == sum(enrolled(resident(number)) for number in range(10))


def test_field_values_are_written_as_they_are(tmp_path: Path, address: str) -> None:
    people(tmp_path / "in.csv", 20)
    arguments = ["batch", FIELD, str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
    assert dxnode(*arguments, "--purpose", PURPOSE, "--case", "DG-1", "--desk", address).code == 0
    assert {row["answer"] for row in answers(tmp_path / "out.csv")} == {"", "[0,60)"}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_output_has_the_encoding_of_the_input(tmp_path: Path, address: str, encoding: str) -> None:
    assert batch(people(tmp_path / "in.csv", 1001, encoding), address).code == 0
    content = (tmp_path / "out.csv").read_bytes()
    assert content.count(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert answers(tmp_path / "out.csv", encoding)[1000]["name"] == "某某"


def test_stopped_batch_goes_on_and_asks_only_the_rest(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 4500)
    desk.break_at = 2
    ran = batch(source, address)
    assert ran.code == 4
    assert "2000 of 4500 rows are done" in ran.err
    assert not (tmp_path / "out.csv").exists()
    desk.break_at = None
    ran = batch(source, address)
    assert ran.code == 0
    assert "going on" in ran.err
    assert [number for _, number, _ in desk.chunks] == [0, 1, 2, 3, 4]
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == [str(number) for number in range(4500)]


def test_rows_that_were_written_but_not_counted_are_cut_off(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 2500)
    desk.break_at = 1
    batch(source, address)
    with (tmp_path / "out.csv.part").open("a") as part:
        part.write("1000,half a row")
    desk.break_at = None
    assert batch(source, address).code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == [str(number) for number in range(2500)]


def test_blank_lines_do_not_shift_a_resumed_batch(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 2500)
    source.write_text(source.read_text().replace("\n5,", "\n\n\n5,"))
    desk.break_at = 1
    batch(source, address)
    desk.break_at = None
    assert batch(source, address).code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == [str(number) for number in range(2500)]


@pytest.mark.slow("processes are started and killed")
def test_batch_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    rows = 20_000
    source = people(tmp_path / "in.csv", rows)
    desk = FakeDesk()
    with serving(desk, tmp_path) as address:
        arguments = [sys.executable, "-m", "node.cli.main", *command(source, address)]
        for progress in (1, 5, 12):
            process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)  # noqa: S603
            deadline = time.monotonic() + 60
            while len(desk.chunks) < progress and time.monotonic() < deadline:
                time.sleep(0.001)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert batch(source, address).code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == [str(number) for number in range(rows)]
    numbers = [number for _, number, _ in desk.chunks]
    assert set(numbers) == set(range(20))
    # Only what was under way at a kill, a window of eight at the most, is asked again.
    assert len(numbers) <= 20 + 3 * 8
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


def test_finished_chunk_is_never_asked_again(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 3000)
    for stop in (1, 2, None):
        desk.break_at = stop
        batch(source, address)
    numbers = [number for _, number, _ in desk.chunks]
    assert sorted(numbers) == [0, 1, 2]


def test_other_input_does_not_go_on_with_the_progress(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.break_at = 1
    batch(people(tmp_path / "in.csv", 1500), address)
    desk.break_at = None
    people(tmp_path / "in.csv", 1501)
    assert batch(tmp_path / "in.csv", address).code == 2
    assert batch(tmp_path / "in.csv", address, "--restart").code == 0
    assert len(answers(tmp_path / "out.csv")) == 1501


def test_other_question_does_not_go_on_with_the_progress(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 1500)
    desk.break_at = 1
    batch(source, address)
    desk.break_at = None
    assert batch(source, address, "-p", "n=60").code == 2


@pytest.mark.parametrize("damage", ["{", "{}", "[]", '{"batch_id": 1}'])
def test_damaged_progress_is_told(tmp_path: Path, address: str, desk: FakeDesk, damage: str) -> None:
    source = people(tmp_path / "in.csv", 1500)
    desk.break_at = 1
    batch(source, address)
    (tmp_path / "out.csv.progress").write_text(damage)
    ran = batch(source, address)
    assert ran.code == 2
    assert "--restart" in ran.err


def test_refusal_stops_and_can_be_taken_up_tomorrow(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 2500)
    desk.refuse[1] = Reason.QUOTA_EXHAUSTED
    ran = batch(source, address)
    assert ran.code == 6
    desk.refuse.clear()
    assert batch(source, address).code == 0
    assert {row["reason"] for row in answers(tmp_path / "out.csv")} == {""}
    # The refusal is on record under the first id, and a repeated question would get it again.
    first, *_, last = (batch_id for batch_id, _, _ in desk.chunks)
    assert first != last


def test_failure_on_the_way_is_asked_again_under_the_same_id(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 1500)
    desk.refuse[1] = Reason.PEER_UNAVAILABLE
    assert batch(source, address).code == 4
    desk.refuse.clear()
    assert batch(source, address).code == 0
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1


def test_keep_going_writes_refusals_as_reasons(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 2500)
    desk.refuse[1] = Reason.QUOTA_EXHAUSTED
    assert batch(source, address, "--keep-going").code == 16
    reasons = [row["reason"] for row in answers(tmp_path / "out.csv")]
    assert reasons == [""] * 1000 + ["QUOTA_EXHAUSTED"] * 1000 + [""] * 500


def test_claims_are_read_from_their_columns(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    batch(people(tmp_path / "in.csv", 3), address, "--claim", "name=name")
    assert desk.claims == [{"name": "某某"}] * 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no rows"),
        ("id\n", "no rows"),
        ("no,name\n1,x\n", "no column id"),
        ("id,answer\n1,x\n", "a column answer already"),
        ("id,name\n1,2,3\n", "2:5: the row has more than 2 values"),
        ("id,name\n1,2\n1,2,3\n", "3:5: the row has more than 2 values"),
        ("id,name\n1\n", "2:2: the row has 1 of 2 values"),
        ('id,name\n1,"2\n3,4\n5,6"\n', "2:3: a value has a line break and a comma"),
        ('id,name\n1,2\n3,"4\n', "3:3: no other quotation mark"),
        ("id,id\n1,2\n", "more than one column id"),
        ("PK\x03\x04", "the file is a workbook"),
    ],
)
def test_input_that_is_wrong_is_told(
    tmp_path: Path, address: str, desk: FakeDesk, content: str, said: str
) -> None:
    (tmp_path / "in.csv").write_text(content)
    ran = batch(tmp_path / "in.csv", address)
    assert ran.code == 2
    assert said in ran.err
    assert desk.chunks == []


def test_encoding_is_that_of_the_whole_file(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "in.csv", 5000)
    ascii_alone = source.read_text("utf-8").replace("某某", "x")
    source.write_text(ascii_alone + f"5000,{resident(5000)},某某\n", encoding="gb18030")

    assert batch(source, address).code == 0
    assert answers(tmp_path / "out.csv", "gb18030")[5000]["name"] == "某某"


def test_line_break_within_a_value_is_no_row_more(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "in.csv", 3)
    source.write_text(source.read_text("utf-8").replace("某某", '"某\n某"'), encoding="utf-8")

    assert "3 rows written" in batch(source, address).out
    assert [row["name"] for row in answers(tmp_path / "out.csv")] == ["某\n某"] * 3


def test_long_value_in_another_column_is_no_hindrance(tmp_path: Path, address: str) -> None:
    limit = csv.field_size_limit()
    source = people(tmp_path / "in.csv", 2)
    source.write_text(source.read_text("utf-8").replace("某某", "某" * 200_000, 1), encoding="utf-8")

    assert "2 rows written" in batch(source, address).out
    assert csv.field_size_limit() == limit, "other readers keep theirs"


def test_existing_output_is_not_overwritten_unasked(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "in.csv", 3)
    (tmp_path / "out.csv").write_text("mine")
    assert batch(source, address).code == 2
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert batch(source, address, "--force").code == 0


def test_input_is_not_overwritten_by_itself(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "out.csv", 3)
    assert batch(source, address, "--force").code == 2
    assert len(answers(source)) == 3


def test_no_identifier_is_in_progress_or_messages(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 1500)
    desk.break_at = 1
    ran = batch(source, address)
    said = ran.out + ran.err + (tmp_path / "out.csv.progress").read_text()
    assert resident(0) not in said

"""Claims about what the exit code of a batch tells a script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.batches import answers, batch, people
from support.fake_desk import FakeDesk, resident

from node.cli.batch.progress import Progress
from node.cli.batch.report import exit_code
from node.cli.terminal.exits import EXIT_OF_REASON, Exit
from node.errors import Reason


def test_answers_to_all_rows_are_success(tmp_path: Path, address: str) -> None:
    assert batch(people(tmp_path / "in.csv", 30), address).code == 0


def test_list_without_rows_is_success(tmp_path: Path, address: str) -> None:
    assert exit_code(Progress("", "", "", "verify", 1000)) is Exit.OK


def test_batch_whose_every_chunk_was_refused_as_invalid_is_no_success(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.refuse |= dict.fromkeys(range(3), Reason.QUERY_INVALID)
    ran = batch(people(tmp_path / "in.csv", 2500), address, "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["answered"] == 0
    assert {row["reason"] for row in answers(tmp_path / "out.csv")} == {"QUERY_INVALID"}


@pytest.mark.parametrize("reason", [Reason.QUOTA_EXHAUSTED, Reason.CONDITION_NOT_MET, Reason.SOURCE_BUSY])
def test_with_keep_going_a_batch_without_answers_ends_as_its_reason_says(
    tmp_path: Path, address: str, desk: FakeDesk, reason: Reason
) -> None:
    desk.refuse |= dict.fromkeys(range(2), reason)
    ran = batch(people(tmp_path / "in.csv", 1500), address, "--keep-going")
    assert ran.code == EXIT_OF_REASON[reason] != 0
    assert (tmp_path / "out.csv").exists()


def test_one_refused_chunk_of_several_is_told(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.refuse[1] = Reason.QUERY_INVALID
    assert batch(people(tmp_path / "in.csv", 2500), address).code == Exit.PARTIAL


def test_one_subject_over_its_limit_is_told(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.over_limit.add(resident(3))
    assert batch(people(tmp_path / "in.csv", 30), address).code == Exit.PARTIAL


def test_one_row_without_a_valid_identifier_is_told(tmp_path: Path, address: str) -> None:
    source = people(tmp_path / "in.csv", 30)
    with source.open("a") as file:
        file.write("x,wrong,x\n")
    assert batch(source, address).code == Exit.PARTIAL


def test_list_of_nobody_is_no_success_though_it_was_accepted(tmp_path: Path, address: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text("no,id,name\n1,wrong,x\n2,,x\n")
    assert batch(source, address, "--accept-invalid").code == 2


def test_of_several_reasons_the_one_of_most_rows_decides() -> None:
    reasons = {"QUOTA_EXHAUSTED": 3, "QUERY_INVALID": 2}
    assert exit_code(Progress("", "", "", "verify", 9, rows=5, reasons=reasons)) is Exit.USED_UP


def test_exit_code_counts_the_rows_of_earlier_runs_too(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 2500)
    desk.over_limit.add(resident(3))
    desk.break_at = 1
    assert batch(source, address).code == 4
    desk.break_at = None
    desk.over_limit.clear()
    assert batch(source, address).code == Exit.PARTIAL

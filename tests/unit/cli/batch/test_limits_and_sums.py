"""Claims about what a batch says before it begins, and of what came out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.batches import answers, batch, command, people
from support.cli_run import at_a_terminal, dxnode
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE
from support.fake_desk import FIELD, FakeDesk, enrolled, resident

from node.errors import Reason
from node.v1 import grant_pb2


def test_limits_are_told_before_anybody_is_asked_about(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.rule_limits["per_day"] = 5000
    ran = batch(people(tmp_path / "in.csv", 2500), address)
    assert "2500 rows to ask about; 5000 a day are allowed to your department, of which 0 are used" in ran.err
    assert "days" not in ran.err


def test_batch_that_takes_days_says_how_many_and_cuts_chunks_that_a_day_can_answer(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.rule_limits["per_day"] = 700
    source = people(tmp_path / "in.csv", 2500)
    desk.refuse[1] = Reason.QUOTA_EXHAUSTED
    ran = batch(source, address)
    assert ran.code == 6
    assert "takes 4 days, with up to 700 rows answered today" in ran.err
    assert "700 of 2500 rows are done" in ran.err
    assert len(desk.chunks[0][2]) == 700
    desk.refuse.clear()
    ran = batch(source, address)
    assert "takes 3 days" in ran.err
    assert ran.code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == list(map(str, range(2500)))
    assert {row["reason"] for row in answers(tmp_path / "out.csv")} == {""}


def test_what_was_asked_today_already_counts(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.rule_limits["per_day"] = 700
    used = {"provider": PROVIDER, "dataset": DATASET, "rule": "batches", "grant_id": "g-1"}
    desk.used_today.append(grant_pb2.DayUse(subjects=600, **used))
    source = people(tmp_path / "in.csv", 700)
    arguments = command(source, address)
    assert "of which 600 are used today: that takes 2 days, with up to 0 rows" in dxnode(*arguments).err
    told = dxnode(*arguments, "--force", env={"DXNODE_LANG": "zh"}).err
    assert "今日已用 600 人次：共需 2 天，今日最多答复 0 行" in told


def test_grant_limits_a_day_too(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    desk.grants["g-1"].scope.subjects_per_day = 10
    assert "takes 3 days" in batch(people(tmp_path / "in.csv", 30), address).err


def test_without_limits_nothing_is_said_of_them(tmp_path: Path, address: str) -> None:
    said = batch(people(tmp_path / "in.csv", 30), address).err
    assert "a day" not in said


def test_catalogue_that_cannot_be_had_is_told_and_no_hindrance(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.grants["g-1"].dataset = "unlisted"
    question = "unlisted/is-enrolled"
    source = people(tmp_path / "in.csv", 3)
    arguments = ["batch", question, str(source), str(tmp_path / "out.csv"), "--purpose", PURPOSE]
    ran = dxnode(*arguments, "--case", "DG-1", "--desk", address)
    assert ran.code == 0
    assert "is not known" in ran.err


def test_rows_about_one_person_beyond_the_limit_are_told(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.rule_limits["per_subject_per_day"] = 2
    source = people(tmp_path / "in.csv", 3)
    with source.open("a") as file:
        file.writelines(f"x,{resident(1)},x\n" for _ in range(3))
    assert "2 rows are about somebody who comes more often than the 2 times" in batch(source, address).err


def test_at_a_terminal_what_takes_days_is_begun_only_when_agreed(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.rule_limits["per_day"] = 10
    source = people(tmp_path / "in.csv", 30)
    _, screen = at_a_terminal(command(source, address), ["n"])
    assert "takes 3 days" in screen
    assert "begin?" in screen
    assert desk.chunks == []
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "desk.sock"}
    said, _ = at_a_terminal(command(source, address), ["y"])
    assert "30 rows written" in said


def test_at_a_terminal_nobody_is_asked_back_with_yes_or_for_a_day(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.rule_limits["per_day"] = 10
    said, screen = at_a_terminal(command(people(tmp_path / "in.csv", 30), address, "--yes"), [])
    assert "30 rows written" in said
    assert "begin?" not in screen
    said, screen = at_a_terminal(command(people(tmp_path / "in.csv", 10), address, "--force"), [])
    assert "10 rows written" in said
    assert "begin?" not in screen


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                "  {yes}  yes",
                "  {no}  no: not verified",
                "  2  no valid identifier, or a claim that is too long (QUERY_INVALID)",
                "  1  a limit for today is used up (QUOTA_EXHAUSTED)",
            ],
        ),
        (
            "zh",
            [
                "  {yes}  yes，即已核实",
                "  {no}  no，即未核实到",
                "  2  没有有效的证件号码，或申报项过长（QUERY_INVALID）",
                "  1  今日额度已用完（QUOTA_EXHAUSTED）",
            ],
        ),
    ],
)
def test_answers_and_reasons_are_summed_up(
    tmp_path: Path, address: str, desk: FakeDesk, language: str, lines: list[str]
) -> None:
    source = people(tmp_path / "in.csv", 40)
    with source.open("a") as file:
        file.write("x,wrong,x\nx,,x\n")
    desk.over_limit.add(resident(3))
    ran = dxnode(*command(source, address), env={"DXNODE_LANG": language})
    yes = sum(enrolled(resident(number)) for number in range(40) if number != 3)
    assert ran.out.splitlines()[1:] == [line.format(yes=yes, no=39 - yes) for line in lines]


def test_claims_and_parameters_that_the_question_does_not_have_are_told_before_anybody_is_asked_about(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    """The provider would refuse it chunk by chunk, and record that."""
    arguments = command(people(tmp_path / "in.csv", 3), address)
    arguments[1] = arguments[1].replace("is-enrolled", "months-at-least")
    for given, said in (
        (["-p", "n=60"], "asks for these claims: name"),
        (["--claim", "name=name"], "has these parameters: n"),
        (["--claim", "name=name", "-p", "n=61"], "the parameter n is one of 60, 120"),
    ):
        ran = dxnode(*arguments, *given)
        assert ran.code == 2
        assert said in ran.err
    assert desk.chunks == []
    assert dxnode(*arguments, "--claim", "name=name", "-p", "n=60").code == 0


def test_rows_that_a_provider_refused_are_not_summed_up_as_malformed(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.refuse[1] = Reason.QUERY_INVALID
    source = people(tmp_path / "in.csv", 2000)
    with source.open("a") as file:
        file.write("x,wrong,x\n")
    ran = batch(source, address)
    assert "  1  no valid identifier" in ran.out
    assert "  1000  something was not given in the right form (QUERY_INVALID)" in ran.out


def test_sums_count_the_rows_of_earlier_runs_too(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 2500)
    desk.over_limit |= {resident(3), resident(2003)}
    desk.break_at = 1
    batch(source, address)
    desk.break_at = None
    summed = json.loads(batch(source, address, "--json").out)
    assert summed["reasons"] == {"QUOTA_EXHAUSTED": 2}
    assert sum(summed["answers"].values()) == summed["answered"] == 2498
    assert (summed["rows"], summed["input_changed"]) == (2500, False)


def test_values_of_a_field_are_counted_and_not_told(tmp_path: Path, address: str) -> None:
    arguments = command(people(tmp_path / "in.csv", 40), address)
    arguments[1] = FIELD
    ran = dxnode(*arguments)
    there = sum(enrolled(resident(number)) for number in range(40))
    assert ran.out.splitlines()[1:] == [
        f"  {there}  with a value",
        f"  {40 - there}  nobody of that number, or no value",
    ]
    assert "[0,60)" not in ran.out + ran.err

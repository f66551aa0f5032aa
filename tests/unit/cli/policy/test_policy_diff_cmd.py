"""`dxnode policy diff`: what an officer reads, and the exit codes that a gate relies on."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.cli_run import at_a_terminal, dxnode
from support.policy_samples import POLICY
from typer.testing import CliRunner, Result

from node.cli.policy.commands import app
from node.cli.terminal.exits import Exit
from node.core.workdays import LAST_KNOWN_YEAR
from node.texts.wording import table, use_language

# Of a year whose holidays nobody knows.
FRIDAY = next(day for each in range(1, 8) if (day := date(LAST_KNOWN_YEAR + 1, 3, each)).weekday() == 4)
SATURDAY, NEXT = FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=8)


def _diff(folder: Path, new: str, *options: str, lang: str = "en") -> Result:
    before, after = folder / "before.yaml", folder / "after.yaml"
    before.write_text(POLICY, "utf-8")
    after.write_text(new, "utf-8")
    use_language(lang)
    try:
        return CliRunner().invoke(app, ["diff", str(before), str(after), *options])
    finally:
        use_language("en")


@pytest.mark.parametrize(
    ("old", "new", "code", "result"),
    [
        ("title: 姓名", "title: 名字", Exit.OK, "equal"),
        ("per_day: 5000", "per_day: 4000", Exit.NARROWER, "narrower"),
        ("08:30-17:30", "08:00-17:00", Exit.WIDER, "wider"),
        ("months_paid >= :n", "months_paid > :n", Exit.WIDER, "wider"),
    ],
)
def test_exit_code_says_whether_somebody_may_learn_more(
    tmp_path: Path, old: str, new: str, code: Exit, result: str
) -> None:
    edited = POLICY.replace(old, new)
    ran = _diff(tmp_path, edited)
    assert ran.exit_code == code
    assert ran.stdout.startswith(table("diff", "en")[f"result.{result}"] + "\n")
    as_json = _diff(tmp_path, edited, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["result"]) == (code, result)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_finding_names_who_when_and_one_request_with_both_decisions(tmp_path: Path, lang: str) -> None:
    edited = POLICY.replace("DG-####", "DG-*").replace("[60, 120, 180]", "[60, 120, 240]")
    said = _diff(tmp_path, edited, lang=lang).stdout
    for words in ("11441900000000035L", "08:30-17:30", "DG-*", "DG-####", ":n = 240", "office"):
        assert words in said
    assert table("diff", lang)["kind.newly_allowed"] in said


def test_example_is_told_for_programs_with_both_decisions(tmp_path: Path) -> None:
    ran = _diff(tmp_path, POLICY.replace("08:30-17:30", "08:30-18:30"), "--json")
    finding = json.loads(ran.stdout)["findings"][0]
    assert (finding["kind"], finding["where"]["hours"]) == ("newly_allowed", "17:30-18:30")
    assert finding["example"]["before"] == {"permit": False, "rule": "office", "clause": "when.hours"}
    assert finding["example"]["after"]["permit"]


def test_policies_with_problems_are_not_compared(tmp_path: Path) -> None:
    ran = _diff(tmp_path, POLICY.replace("'active'", "'aktive'"))
    assert ran.exit_code not in (Exit.OK, Exit.NARROWER, Exit.WIDER)
    assert ran.stdout == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_first_screen_says_who_can_learn_more_and_then_who_less(tmp_path: Path, lang: str) -> None:
    edited = POLICY.replace("08:30-17:30", "08:00-17:00").replace(
        "status = 'active'\"}", "'active' = status\"}"
    )
    edited = edited.replace("'active' = status", "status IN ('active')").replace("title: 姓名", "title: 名字")
    lines = _diff(tmp_path, edited, lang=lang).stdout.splitlines()
    words = table("diff", lang)
    places = [lines.index(words[key]) for key in ("section.wider", "section.narrower", "section.none")]
    assert lines[0] == words["result.wider"]
    assert places == sorted(places)
    assert any("08:00-08:30" in line for line in lines[places[0] : places[1]])
    assert any("17:00-17:30" in line for line in lines[places[1] : places[2]])
    assert any(words["relation.same"] in line for line in lines[places[2] :])


def test_record_shows_what_another_predicate_answers(tmp_path: Path) -> None:
    said = _diff(tmp_path, POLICY.replace("months_paid >= :n", "months_paid > :n")).stdout
    assert "for example, months_paid = 60, :n = 60: before yes, after no" in said
    narrower = _diff(tmp_path, POLICY.replace("band: [0, 60, 120, 180, 720]", "band: [0, 120, 720]"))
    assert narrower.exit_code == Exit.NARROWER
    assert "before [0,60), after [0,120)" in narrower.stdout


BUDGET = "{dataset: 10, organisation: 5, requester: 2}"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_noise_is_told_with_an_example_and_the_releases_that_are_paid_for(tmp_path: Path, lang: str) -> None:
    words = table("diff", lang)
    edited = POLICY.replace("epsilon: 0.5", "epsilon: 0.25")
    ran = _diff(tmp_path, edited, lang=lang)
    assert ran.exit_code == Exit.WIDER
    assert words["relation.noisier"] in ran.stdout
    example = words["line.record"].format(values="count(*) = 1000", before="1000 ± 6", after="1000 ± 12")
    assert example in ran.stdout
    (told,) = [line for line in ran.stdout.splitlines() if words["part.releases"] in line]
    assert "dataset 20, organisation 10, requester 4 → dataset 40, organisation 20, requester 8" in told
    cheaper = edited.replace(BUDGET, "{dataset: 5, organisation: 2.5, requester: 1}")
    narrower = _diff(tmp_path, cheaper, lang=lang)
    assert narrower.exit_code == Exit.NARROWER
    assert words["part.releases"] not in narrower.stdout


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_finer_answer_is_told_by_two_values_that_were_answered_alike(tmp_path: Path, lang: str) -> None:
    words = table("diff", lang)
    ran = _diff(tmp_path, POLICY.replace("band: [0, 60, 120,", "band: [0, 60, 90, 120,"), lang=lang)
    assert ran.exit_code == Exit.WIDER
    assert words["relation.finer"] in ran.stdout
    for value, band in (("89", "[60,90)"), ("90", "[90,120)")):
        example = words["line.record"].format(values=f"months_paid = {value}", before="[60,120)", after=band)
        assert example in ran.stdout


def test_very_many_findings_are_cut_on_the_screen_and_whole_for_programs(tmp_path: Path) -> None:
    rules = "".join(
        f"  - {{id: r{minute}, allow: [is-enrolled], to: {{any: true}}, for: [tax/x{minute}],"
        f" limits: {{per_day: {minute + 1}}}}}\n"
        for minute in range(60)
    )
    edited = POLICY.replace("privacy:\n", rules + "privacy:\n")
    said = _diff(tmp_path, edited).stdout
    assert said.count(table("diff", "en")["kind.newly_allowed"]) == 50
    assert table("diff", "en")["line.more"].format(count=10) in said
    assert len(json.loads(_diff(tmp_path, edited, "--json").stdout)["findings"]) == 60


def test_dates_of_another_holiday_file_are_told(tmp_path: Path) -> None:
    before, after = tmp_path / "holidays.old.yaml", tmp_path / "holidays.yaml"
    before.write_text(f"days_off:\n  {FRIDAY}: 停工\n", "utf-8")
    after.write_text(f"working_days:\n  {SATURDAY}: 调休上班\n", "utf-8")
    files = ("--holidays", str(after), "--holidays-before", str(before))
    ran = _diff(tmp_path, POLICY, *files)
    assert ran.exit_code == Exit.WIDER
    assert [line for line in ran.stdout.splitlines() if str(FRIDAY.year) in line] == [
        f"  all datasets, dates that become working days: - → {FRIDAY}, {SATURDAY} (more can be learned)"
    ]
    assert _diff(tmp_path, POLICY, "--holidays", str(after)).exit_code == Exit.OK


def test_holiday_file_of_the_node_is_taken_and_one_that_is_given_goes_before_it(tmp_path: Path) -> None:
    assert dxnode("init", tmp_path / "hr", "--dev-authority", tmp_path / "authority").code == 0
    config = tmp_path / "hr" / "node.yaml"
    before, own, given = (tmp_path / "hr" / f"{name}.yaml" for name in ("before", "own", "given"))
    before.write_text("days_off: {}\n", "utf-8")
    own.write_text(f"working_days:\n  {SATURDAY}: 调休上班\n", "utf-8")
    given.write_text(f"working_days:\n  {NEXT}: 调休上班\n", "utf-8")
    config.write_text(config.read_text("utf-8") + "holidays: own.yaml\n", "utf-8")
    asked = ("--holidays-before", str(before), "--config", str(config))
    assert str(SATURDAY) in _diff(tmp_path, POLICY, *asked).stdout
    said = _diff(tmp_path, POLICY, *asked, "--holidays", str(given)).stdout
    assert str(NEXT) in said
    assert str(SATURDAY) not in said


def test_terminal_shows_how_far_the_comparison_is_and_a_pipe_nothing_of_it(tmp_path: Path) -> None:
    piped = _diff(tmp_path, POLICY.replace("per_day: 5000", "per_day: 4000"))
    assert piped.stderr == ""
    files = (str(tmp_path / "before.yaml"), str(tmp_path / "after.yaml"))
    out, screen = at_a_terminal(["policy", "diff", *files], [])
    assert out.splitlines()[0] == piped.stdout.splitlines()[0]
    words = table("diff", "en")
    assert words["busy.reading"] in screen
    assert words["busy.comparing"] in screen
    assert "1/1" in screen

"""`dxnode policy diff`: what an officer reads, and the exit codes that a gate relies on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from policy_samples import POLICY
from typer.testing import CliRunner, Result

from node.cli.exits import Exit
from node.cli.policy_cmd import app
from node.cli.text import table, use_language


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
    assert ran.stdout.endswith(table("diff", "en")[f"result.{result}"] + "\n")
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

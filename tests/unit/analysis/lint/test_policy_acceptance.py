"""Claims about acceptances: each names exactly one warning, keeps it listed, and does not outlive it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from support.cli_run import dxnode
from support.policy_samples import HEAD, PRIVACY, QUESTIONS, keys, rule

from node.analysis.lint.lint import lint
from node.cli.terminal.exits import Exit
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.text.problem import Problem
from node.core.text.problem_kinds import WARNINGS

TODAY = date(2026, 11, 23)
RULE = "id: r, allow: [is-enrolled], to: {any: true}, for: [tax]"
# Three warnings at one rule: two of one name, which their purposes tell apart, and one by itself.
THREE = rule(
    "id: r, allow: [is-enrolled, months-at-least, name-matches, contribution-band, enrolled-by-region], "
    "to: {departments: [11441900000000035L, 11441900000000019Y]}, for: [tax, tax/refund, tax/late], "
    "limits: {per_day: 9, per_subject_per_day: 9}"
)


def _lint(text: str) -> list[Problem]:
    files = [PolicyFile("p.yaml", text.encode())]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    return [each for each in lint(files, checked, TODAY) if each.key in WARNINGS]


def _open(text: str) -> list[str]:
    return [each.key for each in _lint(text) if not each.because]


def _accept(*entries: str) -> str:
    return "accepted:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


SELF = "warning: rule-self, at: rules/r, because: 演示"


def test_an_accepted_warning_stays_listed_with_its_reason() -> None:
    assert sorted(_open(THREE)) == ["lint.purpose-covered", "lint.purpose-covered", "lint.rule-self"]
    found = {each.key: each.because for each in _lint(THREE + _accept(SELF))}
    assert found == {"lint.purpose-covered": "", "lint.rule-self": "演示"}


def test_where_several_of_a_name_stand_one_is_named() -> None:
    one = "warning: purpose-covered, at: rules/r, about: tax/late, because: x"
    found = _lint(THREE + _accept(one))
    assert [dict(each.args).get("inner") for each in found if each.because] == ["tax/late"]
    assert sorted(_open(THREE + _accept(one))) == ["lint.purpose-covered", "lint.rule-self"]


@pytest.mark.parametrize(
    "entry",
    [
        "warning: purpose-covered, at: rules/r, because: x",
        # Both are about the same outer purpose.
        "warning: purpose-covered, at: rules/r, about: tax, because: x",
    ],
)
def test_an_acceptance_of_several_warnings_accepts_none(entry: str) -> None:
    found = _open(THREE + _accept(entry))
    assert sorted(found) == [
        "lint.acceptance-several",
        *["lint.purpose-covered"] * 2,
        "lint.rule-self",
    ]


@pytest.mark.parametrize(
    ("entry", "words", "hint"),
    [
        ("warning: rule-slef, at: rules/r", "rule-slef", "did you mean 'rule-self'?"),
        ("warning: rule-self, at: rule/r", "rule/r", "did you mean 'rules/r'?"),
        ("warning: rule-self, at: rules/r, about: nothing", "nothing", "delete the entry"),
        ("warning: rule-ended, at: rules/r", "rules/r", "delete the entry"),
        # What an acceptance itself is worth cannot be accepted.
        ("warning: acceptance-stale, at: accepted", "acceptance-stale", "delete the entry"),
    ],
)
def test_an_acceptance_that_fits_nothing_is_a_warning_itself(entry: str, words: str, hint: str) -> None:
    found = _lint(THREE + _accept(entry + ", because: x"))
    (stale,) = [each for each in found if each.key == "lint.acceptance-stale"]
    assert stale.words == words
    assert stale.hint.startswith(hint)
    assert not any(each.because for each in found)


def test_accepting_twice_is_once_too_often() -> None:
    assert _open(THREE + _accept(SELF, SELF)).count("lint.acceptance-stale") == 1


def test_an_acceptance_outlives_no_warning() -> None:
    mended = THREE.replace(", 11441900000000019Y", "") + _accept(SELF)
    assert "lint.acceptance-stale" in _open(mended)
    assert "lint.rule-self" not in _open(mended)


@pytest.mark.parametrize("left_out", ["warning: rule-self, ", "at: rules/r, ", ", because: 演示"])
def test_an_acceptance_names_its_warning_its_place_and_its_reason(left_out: str) -> None:
    assert keys(THREE + _accept(SELF.replace(left_out, ""))) == ["key.missing"]
    assert keys(THREE + _accept(SELF.replace("演示", "' '"))) == ["value.line"]


@pytest.mark.parametrize(
    "text",
    [
        THREE,
        f"{HEAD}{QUESTIONS}{PRIVACY}".replace("requester: 2", "requester: 20"),
        rule(RULE + ", when: {workdays: true, hours: '08:30-17:30'}, scope: own-region").replace(
            "attribute: conditional, modes: [interface, batch], scope: 全市各部门, use: 办理社会保险业务",
            "attribute: unconditional, modes: [interface]",
        ),
        f"{HEAD}{QUESTIONS}rules:\n  - {{{RULE}}}\n  - {{{RULE.replace('id: r', 'id: s')}}}\n{PRIVACY}",
    ],
)
def test_what_the_check_says_accepts_each_warning_and_no_other(text: str) -> None:
    found = _lint(text)
    assert found
    for one in found:
        (entry,) = yaml.safe_load(f"[{one.acceptance}]")
        accepted = yaml.safe_dump({"accepted": [entry | {"because": "x"}]}, allow_unicode=True)
        again = _lint(text + accepted)
        assert [(each.key, each.args, bool(each.because)) for each in again] == [
            (each.key, each.args, each == one) for each in found
        ]


def test_every_form_lists_and_counts_what_is_accepted(tmp_path: Path) -> None:
    clean = THREE.replace(", tax/refund, tax/late", "")
    file = tmp_path / "p.yaml"
    file.write_text(clean, "utf-8")
    assert dxnode("policy", "check", file).code == Exit.WARNINGS
    file.write_text(clean + _accept(SELF), "utf-8")
    text = dxnode("policy", "check", file)
    assert text.code == Exit.OK
    assert "accepted: this is the provider itself, which never asks itself [lint.rule-self]" in text.out
    assert "  because: 演示" in text.out
    assert "0 warnings, 1 note, 1 accepted" in text.err
    listed = json.loads(dxnode("policy", "check", file, "--json").out)
    assert [each["accepted"] for each in listed if each["key"] == "lint.rule-self"] == ["演示"]
    (run,) = json.loads(dxnode("policy", "check", file, "--format", "sarif").out)["runs"]
    suppressed = {each["ruleId"]: each["suppressions"] for each in run["results"]}
    assert suppressed["lint.rule-self"] == [
        {"kind": "inSource", "status": "accepted", "justification": "演示"}
    ]
    assert suppressed["lint.no-purposes"] == []
    annotated = dxnode("policy", "check", file, "--format", "github")
    assert "rule-self" not in annotated.out


def test_what_is_accepted_changes_nothing_in_what_is_enforced() -> None:
    plain, accepted = (
        check_files([PolicyFile("p.yaml", text.encode())]).policies for text in (THREE, THREE + _accept(SELF))
    )
    assert plain is not None
    assert accepted is not None
    mine, theirs = plain.datasets["pension-insurance"], accepted.datasets["pension-insurance"]
    assert mine.rules == theirs.rules
    assert mine.questions.keys() == theirs.questions.keys()

"""Claims about rules and guards that nothing reaches: by the calendar, the directory, and each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.policy_samples import HUMAN_RESOURCES, MEDICAL, TAX, question, rule
from support.town import Town

from node.analysis.lint.lint import lint
from node.cli.terminal.exits import Exit
from node.core.directory.directory import Directory, Member
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files

TODAY = date(2026, 1, 1)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
RULE = "id: r, allow: [is-enrolled], to: {any: true}, for: [tax]"
ABOUT = (
    *("lint.rule-no-workday", "lint.rule-nobody", "lint.department-unknown"),
    *("lint.combination-idle", "lint.budget-all"),
)
CITY = Member(
    code=TAX,
    title="市税务局",
    region="441900",
    level="city",
    organisation="东莞市人民政府",
    roles=(),
    endpoint="tax.example:8443",
    certificates=(),
    tls_roots="",
    sealing_keys=(),
    log_keys=(),
    cosign_keys=(),
    suspended=False,
)
PROVIDER = replace(CITY, code=HUMAN_RESOURCES)


def _told(text: str, *members: Member) -> list[tuple[str, str]]:
    directory = Directory(1, NOW, NOW, {each.code: each for each in members}) if members else None
    files = [PolicyFile("p.yaml", text.encode())]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    return [(each.key, each.words) for each in lint(files, checked, TODAY, directory) if each.key in ABOUT]


@pytest.mark.parametrize(
    ("effective", "found"),
    [
        # The Spring Festival of 2026 is from 15 to 23 February, the 14th is worked.
        ("from: 2026-02-15, until: 2026-02-23", True),
        ("from: 2026-02-14, until: 2026-02-23", False),
        ("from: 2026-02-15, until: 2026-02-24", False),
        ("from: 2026-03-07, until: 2026-03-08", True),
        ("from: 2026-02-15", False),
    ],
)
def test_a_rule_for_working_days_of_which_there_are_none(effective: str, found: bool) -> None:
    text = rule(f"{RULE}, when: {{workdays: true}}, effective: {{{effective}}}")
    assert _told(text) == ([("lint.rule-no-workday", "workdays")] if found else [])
    assert _told(text.replace("when: {workdays: true}, ", "")) == []


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("{any: true}", []),
        (f"{{departments: [{TAX}]}}", []),
        (f"{{departments: [{MEDICAL}]}}", [("lint.department-unknown", MEDICAL)]),
        (f"{{departments: [{TAX}, {MEDICAL}]}}", [("lint.department-unknown", MEDICAL)]),
        ("{levels: [city]}", []),
        ("{levels: [town]}", [("lint.rule-nobody", "to")]),
        ("{regions: [440000]}", []),
        ("{regions: [441900003]}", [("lint.rule-nobody", "to")]),
        (f"{{departments: [{TAX}], levels: [town]}}", [("lint.rule-nobody", "to")]),
    ],
)
def test_requesters_that_the_directory_does_not_have(to: str, expected: list[tuple[str, str]]) -> None:
    text = rule(RULE.replace("{any: true}", to))
    assert _told(text, CITY, PROVIDER) == expected
    assert _told(text) == []


def test_the_provider_is_no_requester_of_its_own() -> None:
    assert _told(rule(RULE), PROVIDER) == [("lint.rule-nobody", "to")]


def test_a_combination_that_nobody_can_put_together() -> None:
    guard = "forbidden_together: [{id: g, questions: [is-enrolled, months-at-least], within_days: 30}]\n"
    assert _told(rule(RULE) + guard) == [("lint.combination-idle", "months-at-least")]
    both = RULE.replace("[is-enrolled]", "[is-enrolled, months-at-least]")
    assert _told(rule(both) + guard) == []


@pytest.mark.parametrize(("epsilon", "found"), [("1", False), ("1.1", True)])
def test_a_budget_that_does_not_pay_for_every_statistic_once(epsilon: str, found: bool) -> None:
    body = f"statistic: count, unit_contributes: 1, epsilon: {epsilon}"
    text = question(body).replace("  q:", f"  p: {{{body}, title: p, title_en: p}}\n  q:")
    rules = "rules:\n  - {id: r, allow: [p, q], to: {any: true}, for: [tax]}\n"
    assert _told(text + rules) == ([("lint.budget-all", "budget")] if found else [])
    assert _told(text + rules.replace("[p, q]", "[p]")) == []


def test_the_check_takes_a_signed_directory_and_no_other(tmp_path: Path) -> None:
    town = Town(tmp_path / "town")
    town.add(TAX)
    town.publish()
    directory, key = town.folder / "directory.note", town.signer.verifier.vkey()
    policy = tmp_path / "p.yaml"
    to = f"{{departments: [{TAX}, {MEDICAL}]}}"
    policy.write_text(rule(RULE.replace("{any: true}", to)), "utf-8")
    given = ("policy", "check", policy, "--directory", directory)
    assert "lint.department-unknown" in dxnode(*given, "--authority-key", key).out
    assert "lint.department-unknown" not in dxnode("policy", "check", policy).out
    directory.write_text(directory.read_text("utf-8").replace(TAX, MEDICAL), "utf-8")
    assert dxnode(*given, "--authority-key", key).code == Exit.INTEGRITY

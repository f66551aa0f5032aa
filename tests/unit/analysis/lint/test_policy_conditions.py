"""Claims about conditions that ask nothing: each is found, at its place, or said not to be analysed."""

from __future__ import annotations

from datetime import date

import pytest
from support.policy_samples import question
from support.work import work_of_at_most

from node.analysis.lint.lint import lint
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.text.problem import Problem

TODAY = date(2026, 11, 23)
ABOUT_CONDITIONS = ("lint.condition-", "lint.part-", "lint.choice-")


def _lint(body: str) -> list[Problem]:
    files = [PolicyFile("p.yaml", question(body).encode())]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    return [each for each in lint(files, checked, TODAY) if each.key.startswith(ABOUT_CONDITIONS)]


def _verify(condition: str, choices: str = "") -> list[tuple[str, str]]:
    parameters = f", parameters: {{n: {{choices: [{choices}]}}}}" if choices else ""
    return [(each.key, each.words) for each in _lint(f'verify: "{condition}"{parameters}')]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # Ranges: 0 to 720.
        ("months_paid > 720", [("lint.condition-never", "months_paid > 720")]),
        ("months_paid > 719", []),
        ("months_paid >= 0", [("lint.condition-filled", "months_paid >= 0")]),
        ("months_paid <> -1", [("lint.condition-filled", "months_paid <> -1")]),
        ("months_paid BETWEEN 0 AND 720", [("lint.condition-filled", "months_paid BETWEEN 0 AND 720")]),
        ("months_paid BETWEEN 10 AND 9", [("lint.condition-never", "months_paid BETWEEN 10 AND 9")]),
        ("months_paid > 5 AND months_paid < 6",
         [("lint.condition-never", "months_paid > 5 AND months_paid < 6")]),
        ("months_paid > 5 AND months_paid < 7", []),
        # Closed values: active, paused, ended.
        ("status = 'active' AND status = 'ended'",
         [("lint.condition-never", "status = 'active' AND status = 'ended'")]),
        ("status IN ('active', 'paused', 'ended')",
         [("lint.condition-filled", "status IN ('active', 'paused', 'ended')")]),
        ("status NOT IN ('active', 'paused', 'ended')",
         [("lint.condition-never", "status NOT IN ('active', 'paused', 'ended')")]),
        ("status <> 'active' OR status <> 'paused'",
         [("lint.condition-filled", "status <> 'active' OR status <> 'paused'")]),
        ("status <> 'active'", []),
        # NULL is no value, and NOT NULL is none either.
        ("status = 'active' OR NOT (status = 'active')",
         [("lint.condition-filled", "status = 'active' OR NOT (status = 'active')")]),
        ("status IS NULL OR status IS NOT NULL",
         [("lint.condition-always", "status IS NULL OR status IS NOT NULL")]),
        ("status IS NULL AND status = 'active'",
         [("lint.condition-never", "status IS NULL AND status = 'active'")]),
        ("status IS NULL", []),
        # Open values.
        ("school = 'a' AND school = 'b'", [("lint.condition-never", "school = 'a' AND school = 'b'")]),
        ("school <> 'a' OR school <> 'b'", [("lint.condition-filled", "school <> 'a' OR school <> 'b'")]),
        ("region = '441900' OR region = '441901'", []),
        # The values of a region are those to count by, not all that there are.
        ("region IN ('441900003', '441900004')", []),
        # Fields among each other.
        ("born_on < joined_on AND joined_on < born_on",
         [("lint.condition-never", "born_on < joined_on AND joined_on < born_on")]),
        ("born_on < joined_on OR born_on >= joined_on",
         [("lint.condition-filled", "born_on < joined_on OR born_on >= joined_on")]),
        ("born_on < joined_on", []),
    ],
)  # fmt: skip
def test_a_condition_that_always_or_never_holds(condition: str, expected: list[tuple[str, str]]) -> None:
    assert _verify(condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # One part is to blame for the whole.
        ("status = 'active' AND months_paid > 720", [("lint.condition-never", "months_paid > 720")]),
        ("status = 'active' OR status IS NULL OR status IS NOT NULL",
         [("lint.condition-always", "status = 'active' OR status IS NULL OR status IS NOT NULL")]),
        # A part is, and the whole is not.
        ("status = 'active' OR months_paid > 720", [("lint.part-never", "months_paid > 720")]),
        ("status = 'active' AND months_paid <= 720", [("lint.part-always", "months_paid <= 720")]),
        ("status = 'active' AND NOT (months_paid > 720)", [("lint.part-always", "NOT (months_paid > 720)")]),
        ("status = 'active' OR (months_paid < 5 AND months_paid > 5)",
         [("lint.part-never", "months_paid < 5 AND months_paid > 5")]),
        # Implied by what stands beside it.
        ("months_paid < 10 AND months_paid < 20", [("lint.part-idle", "months_paid < 20")]),
        ("months_paid < 10 OR months_paid < 20", [("lint.part-idle", "months_paid < 10")]),
        ("status = 'active' AND status <> 'ended'", [("lint.part-idle", "status <> 'ended'")]),
        ("status = 'active' AND status = 'active'", [("lint.part-idle", "status = 'active'")]),
        ("status = 'active' AND months_paid < 20", []),
        ("(status = 'active' AND months_paid < 9) OR (status = 'ended' AND months_paid < 9)", []),
    ],
)  # fmt: skip
def test_parts_of_a_condition_that_ask_nothing(condition: str, expected: list[tuple[str, str]]) -> None:
    assert _verify(condition) == expected


@pytest.mark.parametrize(
    ("condition", "choices", "expected"),
    [
        ("months_paid >= :n", "60, 120", []),
        ("months_paid >= :n", "0, 60", [("lint.choice-always", "0")]),
        ("months_paid > :n", "60, 720", [("lint.choice-never", "720")]),
        ("months_paid > :n AND months_paid < 100", "60, 120", [("lint.choice-never", "120")]),
        ("months_paid > :n", "720, 900", [("lint.condition-never", "months_paid > :n")]),
        ("status = 'active' AND months_paid > :n", "0, 60", []),
    ],
)
def test_choices_with_which_a_condition_asks_nothing(
    condition: str, choices: str, expected: list[tuple[str, str]]
) -> None:
    assert _verify(condition, choices) == expected


def test_a_filter_of_a_statistic_is_a_condition_too() -> None:
    (found,) = _lint('statistic: count, unit_contributes: 1, epsilon: 1, where: "months_paid > 800"')
    assert (found.key, found.words) == ("lint.condition-never", "months_paid > 800")


def test_a_claim_can_be_any_value() -> None:
    claims = "claims: {name: {wrong_tries_per_subject: 3}}"
    assert _lint(f'verify: "name = :name", {claims}') == []
    (found,) = _lint(f'verify: "name = :name AND months_paid > 720", {claims}')
    assert found.key == "lint.condition-never"


def test_a_part_is_faulted_at_its_place_also_over_several_lines() -> None:
    text = question("verify: x").replace(
        "  q: {verify: x, title: q, title_en: q}\n",
        "  q:\n    title: q\n    title_en: q\n    verify: >-\n"
        "      status = 'active' OR\n      months_paid > 720\n",
    )
    files = [PolicyFile("p.yaml", text.encode())]
    (found,) = [each for each in lint(files, check_files(files), TODAY) if each.key == "lint.part-never"]
    line = text.splitlines()[found.line - 1]
    assert line[found.column - 1 :] == "months_paid > 720"


def test_what_has_too_many_cases_is_said_not_to_be_analysed_and_costs_little() -> None:
    fields = "".join(f"  f{n}: {{title: x, title_en: x, type: integer}}\n" for n in range(60))
    # A clique of comparisons: nothing less than all orders of the fields tells.
    pairs = [f"(f{n} < f{(n * 7 + 3) % 60} OR f{n} > f{(n * 11 + 5) % 60})" for n in range(30)]
    condition = " AND ".join(pairs)
    text = question(f'verify: "{condition}"').replace("fields:\n", f"fields:\n{fields}")
    many = "".join(f'  q{n}: {{title: q, title_en: q, verify: "{condition}"}}\n' for n in range(40))
    files = [PolicyFile("p.yaml", text.replace("questions:\n", f"questions:\n{many}").encode())]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    with work_of_at_most(30):
        found = [each for each in lint(files, checked, TODAY) if each.key == "lint.condition-unknown"]
    assert len(found) == 41

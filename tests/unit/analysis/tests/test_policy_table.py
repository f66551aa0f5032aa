"""Tables of tests: what a row has to say, what it comes to, and what no row would miss."""

from __future__ import annotations

import pytest
from support.policy_samples import CALENDAR, POLICY

from node.analysis.tests.parts import Mutant, Mutation, Part, mutants_of
from node.analysis.tests.run import Coverage, Ran, coverage, mutated, run_table, unmissed
from node.analysis.tests.table import CheckedTable, check_table
from node.core.policy.policy import Policies, PolicyFile
from node.core.reading.build import build_policies
from node.texts.wording import Language

DATASET = "pension-insurance"
HEAD = """\
departments:
  tax: {code: 11441900000000035L, region: 441900, level: city}
  medical: {code: 11441900000000027R}
calendar: {days_off: {2026-11-24: storm}, working_days: {2026-11-28: made up}}
defaults: {by: tax, for: social-insurance/pension/deferral}
tests:
"""
OFFICE = "by: medical, for: social-insurance/pension/transfer, case: DG-1234"
OFFICE_PERMIT = f"ask: is-enrolled, {OFFICE}, expect: permit, rule: office"
ROWS = (
    "ask: is-enrolled, expect: permit, rule: tax-deferral, answer: verify",
    "ask: months-at-least, expect: permit, rule: tax-deferral",
    "ask: name-matches, expect: permit, rule: tax-deferral",
    "ask: contribution-band, expect: permit, rule: tax-deferral, answer: field",
    "ask: enrolled-by-region, expect: permit, rule: tax-deferral, answer: statistic",
    "ask: name-matches, by: medical, expect: deny, rule: tax-deferral, clause: to.departments",
    "ask: name-matches, for: tax, expect: deny, reason: PURPOSE_NOT_ALLOWED, clause: for",
    OFFICE_PERMIT,
    f"ask: is-enrolled, {OFFICE}, at: 2026-11-28T10:00, expect: permit, rule: office",
    f"ask: is-enrolled, {OFFICE}, at: 2026-11-24T10:00, expect: deny, clause: when.workdays",
    f"ask: is-enrolled, {OFFICE}, at: 2026-11-23T20:00, expect: deny, clause: when.hours",
    "ask: is-enrolled, by: medical, for: social-insurance/pension, expect: deny, clause: when.case_number",
    "ask: is-enrolled, by: medical, for: tax, case: DG-1234, expect: deny, rule: office, clause: for",
    "ask: is-enrolled, by: medical, expect: deny, reason: NO_GRANT, grant: {state: none}",
    "ask: is-enrolled, expect: deny, clause: grant.roles, grant: {roles: [system]}",
    "ask: is-enrolled, role: system, grant: {roles: [system]}, expect: permit, rule: tax-deferral",
    "ask: is-enrolled, used: {per_day: 5000}, expect: deny, rule: tax-deferral, clause: limits.per_day",
    "ask: is-enrolled, used: {per_subject_per_day: 3}, expect: deny, clause: limits.per_subject_per_day",
    "ask: name-matches, used: {wrong_tries_per_subject: 3}, expect: deny, reason: QUOTA_EXHAUSTED",
    "ask: enrolled-by-region, used: {budget: {dataset: 9.6}}, expect: deny, reason: BUDGET_EXHAUSTED",
    "ask: enrolled-by-region, used: {budget: {organisation: 4.6}}, expect: deny, clause: privacy.budget",
    "ask: enrolled-by-region, used: {budget: {requester: 1.6}}, expect: deny, clause: privacy.budget",
)
TOGETHER = """\
forbidden_together:
  - {id: profile, questions: [is-enrolled, name-matches, contribution-band], within_days: 30}
"""
TREE = PolicyFile(
    "definitions.yaml",
    (
        b"purposes:\n  social-insurance: {title: a, title_en: x}\n"
        b"  social-insurance/pension: {title: b, title_en: x}\n"
        b"  social-insurance/pension/deferral: {title: c, title_en: x}\n"
        b"  social-insurance/pension/transfer: {title: d, title_en: x}\n"
        b"  tax: {title: e, title_en: x}\n"
    ),
)


def _policies(text: str = POLICY) -> Policies:
    return build_policies([PolicyFile("pension.yaml", text.encode()), TREE])


def _check(*rows: str, head: str = HEAD) -> CheckedTable:
    text = head + "".join(f"  - {{{row}}}\n" for row in rows)
    policy = _policies().datasets[DATASET]
    return check_table(PolicyFile("pension.test.yaml", text.encode()), policy, CALENDAR.zone)


def _run(*rows: str, policies: Policies | None = None) -> tuple[Ran, ...]:
    checked = _check(*rows)
    assert checked.problems == ()
    assert checked.table is not None
    return run_table(checked.table, policies or _policies(), CALENDAR)


def _coverage(*rows: str) -> Coverage:
    return coverage(_run(*rows), _policies().datasets[DATASET])


def test_rows_come_as_expected_with_defaults_for_what_they_leave_out() -> None:
    assert [each.row.line for each in _run(*ROWS) if not each.passed] == []


@pytest.mark.parametrize(
    ("row", "instead"),
    [
        ("expect: permit, rule: office", (True, "tax-deferral", "")),
        ("expect: deny, reason: NO_GRANT", (True, "tax-deferral", "")),
        ("expect: permit, rule: tax-deferral, answer: field", (True, "tax-deferral", "")),
        ("for: tax, expect: permit, rule: tax-deferral", (False, "tax-deferral", "for")),
        ("for: tax, expect: deny, reason: NO_GRANT", (False, "tax-deferral", "for")),
        ("for: tax, expect: deny, clause: when.hours", (False, "tax-deferral", "for")),
        ("for: tax, expect: deny, rule: office, clause: for", (False, "tax-deferral", "for")),
    ],
)
def test_a_row_fails_when_anything_it_names_differs(row: str, instead: tuple[bool, str, str]) -> None:
    (ran,) = _run(f"ask: is-enrolled, {row}")
    assert not ran.passed
    assert (ran.outcome.permit, ran.outcome.rule, ran.outcome.clause) == instead
    assert ran.row.line == HEAD.count("\n") + 1
    if not ran.outcome.permit:
        assert ran.deciding is not None
        assert ran.deciding.value == "tax"


def test_the_calendar_of_a_table_reaches_its_rows_only() -> None:
    row = f"ask: is-enrolled, {OFFICE}, at: 2026-11-24T10:00, expect: permit, rule: office"
    (with_calendar,) = _run(row)
    checked = _check(row, head=HEAD.replace("calendar:", "# calendar:"))
    assert checked.table is not None
    (without,) = run_table(checked.table, _policies(), CALENDAR)
    assert (with_calendar.passed, without.passed) == (False, True)


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("expect: permit", "table.permit-why"),
        ("expect: deny", "table.deny-why"),
        ("expect: permit, rule: tax-defferal", "table.rule"),
        ("expect: deny, clause: when.hour", "table.clause"),
        ("expect: deny, reason: NO_GRANTS", "table.reason"),
        ("expect: permit, rule: office, reason: NO_GRANT", "table.not-here"),
        ("expect: deny, reason: NO_GRANT, answer: field", "table.not-here"),
        ("by: taxes, expect: permit, rule: office", "table.department"),
        ("region: 99, expect: permit, rule: office", "table.region"),
        ("grant: {region: x}, expect: permit, rule: office", "table.region"),
        ("at: 2026-11-23, expect: permit, rule: office", "table.time"),
        ("at: 0001-01-01T00:00, expect: permit, rule: office", "table.time"),
        ("at: 9999-12-31T23:59, expect: permit, rule: office", "table.time"),
        ("expect: maybe", "value.choice"),
        ("expext: deny", "key.unknown"),
        ("after: {is-enroled: 0}, expect: permit, rule: office", "table.after"),
        ("after: {is-enrolled: 367}, expect: permit, rule: office", "value.too-great"),
        ("used: {per_day: -1}, expect: permit, rule: office", "value.too-small"),
        ("used: {budget: {dataset: x}}, expect: permit, rule: office", "value.decimal"),
    ],
)
def test_a_row_that_cannot_be_meant_is_a_problem_at_its_line(row: str, key: str) -> None:
    checked = _check(ROWS[0], f"ask: is-enrolled, {row}")
    assert checked.table is None
    assert key in [problem.key for problem in checked.problems]
    assert {problem.line for problem in checked.problems} == {HEAD.count("\n") + 2}
    for problem in checked.problems:
        assert problem.render("en") != problem.render("zh")


def test_a_mistake_in_the_defaults_is_told_once_for_all_rows() -> None:
    checked = _check(*ROWS, head=HEAD.replace("by: tax", "by: taxes"))
    assert [problem.key for problem in checked.problems] == ["table.department"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_reason_in_small_letters_is_recognised(lang: Language) -> None:
    (problem,) = _check("ask: is-enrolled, expect: deny, reason: question_not_allowed").problems
    assert "QUESTION_NOT_ALLOWED" in problem.hint_in(lang)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_table_is_not_said_to_need_a_dataset(lang: Language) -> None:
    policy = _policies().datasets[DATASET]
    (problem,) = check_table(PolicyFile("pension.test.yaml", b""), policy, CALENDAR.zone).problems
    assert problem.key == "yaml.empty-file"
    assert {"en": "what belongs in it", "zh": "应有的内容"}[lang] in problem.hint_in(lang)


def test_a_row_needs_a_requester_and_a_purpose() -> None:
    checked = _check("ask: is-enrolled, expect: deny, clause: for", head="tests:\n")
    assert [problem.key for problem in checked.problems] == ["table.missing", "table.missing"]


def test_all_parts_decided_is_full_coverage() -> None:
    assert _coverage(*ROWS).undecided == ()


def test_parts_that_decided_nothing_are_named() -> None:
    rows = [row for row in ROWS if "when.hours" not in row and "months-at-least" not in row]
    assert _coverage(*rows).undecided == (
        Part("tax-deferral", item="months-at-least"),
        Part("office", "when.hours"),
    )


def test_without_mutation_the_values_of_the_clauses_come_to_the_same_decision() -> None:
    for each in _run(*ROWS):
        assert mutated(each, None) == each.outcome


def test_a_full_table_misses_every_change() -> None:
    assert unmissed(_run(*ROWS), _policies().datasets[DATASET]) == ()


def test_a_change_that_no_row_notices_is_named() -> None:
    rows = [row for row in ROWS if "when.hours" not in row]
    assert unmissed(_run(*rows), _policies().datasets[DATASET]) == (
        Mutant(Part("office", "when.hours"), Mutation.WITHOUT),
    )


def test_a_failing_row_notices_nothing() -> None:
    policy = _policies().datasets[DATASET]
    ran = _run("ask: is-enrolled, expect: deny, clause: for")
    assert unmissed(ran, policy) == tuple(mutants_of(policy))


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Part("office", "when.hours"), ', hours: "08:30-17:30"'),
        (Part("office", "when.workdays"), "workdays: true, "),
        (Part("office", "when.case_number"), ', case_number: "DG-####"'),
        (Part("tax-deferral", item="months-at-least"), "allow: [is-enrolled, months-at-least"),
    ],
)
def test_a_mutant_is_what_becomes_of_the_edited_file(part: Part, written: str) -> None:
    edited = "allow: [is-enrolled" if part.item else ""
    changed = POLICY.replace(written, edited)
    assert changed != POLICY
    outcomes = [mutated(each, Mutant(part, Mutation.WITHOUT)) for each in _run(*ROWS)]
    assert outcomes == [each.outcome for each in _run(*ROWS, policies=_policies(changed))]
    assert outcomes != [each.outcome for each in _run(*ROWS)]


@pytest.mark.parametrize(
    ("row", "permit"),
    [
        ("ask: is-enrolled, used: {per_day: 4999}", True),
        ("ask: is-enrolled, used: {per_day: 4999}, subjects: 2", False),
        ("ask: is-enrolled, used: {per_subject_per_day: 2}, subjects: 2", True),
        ("ask: name-matches, used: {wrong_tries_per_subject: 2}", True),
        ("ask: is-enrolled, used: {wrong_tries_per_subject: 3}", True),
        ("ask: enrolled-by-region, used: {budget: {requester: 1.5}}", True),
        ("ask: enrolled-by-region, used: {budget: {requester: 1.500001}}", False),
        ("ask: is-enrolled, used: {budget: {requester: 2}}", True),
        ("ask: enrolled-by-region, used: {budget: {account: pension-insurance, requester: 1.5}}", True),
        ("ask: enrolled-by-region, used: {budget: {account: pension-insurance, requester: 1.6}}", False),
        ("ask: enrolled-by-region, used: {budget: {account: another, requester: 2}}", True),
    ],
)
def test_what_was_used_before_counts_up_to_the_limit(row: str, permit: bool) -> None:
    (ran,) = _run(f"{row}, expect: permit, rule: tax-deferral")
    assert ran.passed is permit
    assert (ran.short is None) is permit


@pytest.mark.parametrize(
    ("after", "permit"),
    [
        ("{is-enrolled: 0, contribution-band: 29}", False),
        ("{is-enrolled: 0, contribution-band: 30}", True),
        ("{is-enrolled: 0}", True),
        ("{is-enrolled: 0, months-at-least: 0}", True),
    ],
)
def test_earlier_answers_about_the_subject_count_for_a_forbidden_combination(
    after: str, permit: bool
) -> None:
    policies = _policies(POLICY + TOGETHER)
    row = f"ask: name-matches, after: {after}, expect: deny, rule: tax-deferral, clause: forbidden_together"
    (ran,) = _run(row, policies=policies)
    assert ran.passed is not permit
    policy = policies.datasets[DATASET]
    part = Part("", "forbidden_together", "profile")
    assert (Mutant(part, Mutation.WITHOUT) in unmissed([ran], policy)) is permit
    assert (part in coverage([ran], policy).undecided) is permit


def test_one_purpose_and_one_department_less_are_changes_too() -> None:
    two = POLICY.replace("for: [social-insurance/pension/deferral]", "for: [tax, social-insurance/pension]")
    two = two.replace("[11441900000000035L]", "[11441900000000035L, 11441900000000027R]")
    policies = _policies(two)
    row = "ask: name-matches, for: tax, expect: permit, rule: tax-deferral"
    left = set(unmissed(_run(row, policies=policies), policies.datasets[DATASET]))
    for clause, missed, other in (
        ("for", "tax", "social-insurance/pension"),
        ("to.departments", "11441900000000035L", "11441900000000027R"),
    ):
        assert Mutant(Part("tax-deferral", clause, other), Mutation.WITHOUT) in left
        assert Mutant(Part("tax-deferral", clause, missed), Mutation.WITHOUT) not in left


def test_answers_of_another_dataset_count_for_a_combination_across_datasets() -> None:
    other = POLICY.replace("dataset: pension-insurance", "dataset: work-injury")
    across = TREE.content.decode() + (
        "forbidden_together:\n"
        "  - id: across\n    within_days: 7\n"
        "    questions: [pension-insurance/name-matches, work-injury/is-enrolled]\n"
    )
    policies = build_policies(
        [
            PolicyFile("pension.yaml", POLICY.encode()),
            PolicyFile("injury.yaml", other.encode()),
            PolicyFile("definitions.yaml", across.encode()),
        ]
    )
    for days_ago, permit in ((6, False), (7, True)):
        after = f"after: {{work-injury/is-enrolled: {days_ago}}}"
        row = f"  - {{ask: name-matches, {after}, expect: permit, rule: tax-deferral}}\n"
        file = PolicyFile("pension.test.yaml", (HEAD + row).encode())
        checked = check_table(file, policies.datasets[DATASET], CALENDAR.zone)
        assert checked.table is not None
        (ran,) = run_table(checked.table, policies, CALENDAR)
        assert ran.passed is permit
        assert (ran.short is None) is permit

"""Claims about warnings: each with a policy that has it and one that has not, and none of them silent."""

from __future__ import annotations

import ast
import re
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from support.places import TESTS
from support.policy_samples import HEAD, POLICY, PRIVACY, QUESTIONS, SHARING, TAX, question, rule
from support.work import work_of_at_most

from node.analysis.lint import lint as policy_lint
from node.analysis.lint.lint import lint
from node.analysis.lint.rules import case_covers, compare
from node.core.policy.policy import PolicyFile
from node.core.policy.rule import compile_case_number
from node.core.reading.build import build_policies, check_files
from node.core.reading.document import MAX_PROBLEMS
from node.core.text.problem import Problem, Severity
from node.core.text.problem_kinds import NOTES, WARNINGS, problem_texts
from node.documents import policy_folder

TODAY = date(2026, 11, 23)
PURPOSES = PolicyFile(
    "definitions.yaml",
    b"purposes:\n  tax: {title: x, title_en: x}\n  tax/refund: {title: x, title_en: x}\n"
    b"  fee: {title: x, title_en: x}\n",
)
UNCONDITIONAL = "{attribute: unconditional, modes: [interface]}"
RULE = "id: r, allow: [is-enrolled], to: {any: true}, for: [tax]"


def _lint(text: str, *more: PolicyFile) -> list[Problem]:
    files = [PolicyFile("p.yaml", text.encode()), *(more or (PURPOSES,))]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    return list(lint(files, checked, TODAY))


# What is said of any rule that sets no bounds, beside what a test is about.
UNBOUNDED = ("lint.limit-day-missing", "lint.limit-subject-missing", "lint.requester-any", "lint.purpose-any")


def _keys(text: str, *leave_out: str) -> list[str]:
    left_out = leave_out or ("lint.question-unused", *UNBOUNDED)
    return [each.key for each in _lint(text) if each.key not in left_out]


def _rules(*bodies: str) -> str:
    return f"{HEAD}{QUESTIONS}rules:\n" + "".join(f"  - {{{body}}}\n" for body in bodies) + PRIVACY


def _two(first: str, second: str) -> list[str]:
    """Warnings on two rules, of which each is described by what differs from a common one."""
    made = []
    for number, body in enumerate((first, second)):
        given = dict(part.split("=", 1) for part in body.split(" | ") if part)
        keys = {"allow": "[is-enrolled]", "to": "{any: true}", "for": "[tax]"} | given
        made.append(f"id: r{number}, " + ", ".join(f"{key}: {value}" for key, value in keys.items()))
    return _keys(_rules(*made))


def test_a_question_that_no_rule_allows_is_named() -> None:
    found = [each for each in _lint(rule(RULE)) if each.key == "lint.question-unused"]
    assert [each.words for each in found] == [
        *("months-at-least", "name-matches", "contribution-band", "enrolled-by-region"),
    ]
    assert all(each.severity is Severity.WARNING for each in found)
    whole = POLICY.replace("social-insurance/pension/deferral", "tax").replace("social-insurance", "tax")
    assert "lint.question-unused" not in _keys(whole.replace("tax/pension", "tax/refund"), "")


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        ("", []),
        (", limits: {per_day: 5}", []),
        (", when: {workdays: true}", ["when"]),
        (", when: {hours: '08:30-17:30'}", ["when"]),
        (", scope: own-region", ["scope"]),
    ],
)
def test_a_condition_on_what_is_shared_unconditionally_is_against_article_15(
    condition: str, there: list[str]
) -> None:
    text = rule(RULE + condition).replace(SHARING, UNCONDITIONAL)
    found = [each for each in _lint(text) if each.key == "lint.unconditional"]
    assert [each.words for each in found] == there
    assert all(each.article == 15 for each in found)
    assert "lint.unconditional" not in _keys(rule(RULE + condition))


def test_choosing_requesters_is_a_condition_too() -> None:
    text = rule(RULE.replace("{any: true}", "{levels: [city]}"))
    unconditional = text.replace(SHARING, UNCONDITIONAL)
    assert [(each.key, each.words) for each in _lint(unconditional)][-1] == ("lint.unconditional", "to")


@pytest.mark.parametrize(("until", "ended"), [("2026-11-22", True), ("2026-11-23", False)])
def test_a_rule_whose_last_day_has_passed_never_applies(until: str, ended: bool) -> None:
    assert ("lint.rule-ended" in _keys(rule(RULE + f", effective: {{until: {until}}}"))) is ended


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("{departments: [11441900000000019Y]}", ["lint.rule-self"]),
        ("{departments: [11441900000000035L]}", []),
        ("{levels: [province], regions: [441900]}", ["lint.rule-level"]),
        ("{levels: [province, city], regions: [441900]}", []),
        ("{levels: [city], regions: [441900003]}", ["lint.rule-level"]),
        ("{levels: [town], regions: [441900003]}", []),
        ("{levels: [national], regions: ['000000']}", []),
    ],
)
def test_requesters_that_there_are_not(to: str, expected: list[str]) -> None:
    assert _keys(rule(RULE.replace("{any: true}", to))) == expected


@pytest.mark.parametrize(
    ("limits", "allow", "expected"),
    [
        ("{per_day: 3, per_subject_per_day: 4}", "is-enrolled", ["lint.limit-idle"]),
        ("{per_day: 4, per_subject_per_day: 4}", "is-enrolled", []),
        ("{per_subject_per_day: 4}", "enrolled-by-region", ["lint.limit-statistic"]),
        ("{per_day: 4}", "enrolled-by-region", []),
        ("{per_subject_per_day: 4}", "enrolled-by-region, is-enrolled", []),
    ],
)
def test_limits_that_are_never_reached(limits: str, allow: str, expected: list[str]) -> None:
    assert _keys(rule(RULE.replace("[is-enrolled]", f"[{allow}]") + f", limits: {limits}")) == expected


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [
        ("[tax]", []),
        ("[tax, tax/refund]", ["lint.purpose-covered"]),
        ("[tax, tax]", ["lint.purpose-covered"]),
    ],
)
def test_a_purpose_within_another(purposes: str, expected: list[str]) -> None:
    assert _keys(rule(RULE.replace("[tax]", purposes))) == expected


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        ("", "", True),
        ("", "for=[tax/refund]", True),
        ("for=[tax/refund]", "", False),
        ("", "to={departments: [11441900000000035L]}", True),
        ("to={departments: [11441900000000035L]}", "", False),
        (
            "to={departments: [11441900000000035L]}",
            "to={departments: [11441900000000035L, 11441900000000027R]}",
            False,
        ),
        (
            "to={departments: [11441900000000035L, 11441900000000027R]}",
            "to={departments: [11441900000000035L]}",
            True,
        ),
        ("to={regions: [440000]}", "to={regions: [441900]}", True),
        ("to={regions: [441900]}", "to={regions: [440000]}", False),
        ("to={levels: [city, county]}", "to={levels: [city]}", True),
        ("to={levels: [city]}", "to={levels: [city, county]}", False),
        ("to={levels: [national, province, city, county, town]}", "", True),
        ("when={workdays: true}", "", False),
        ("", "when={workdays: true}", True),
        ("when={hours: '08:00-18:00'}", "when={hours: '09:00-12:00'}", True),
        ("when={hours: '09:00-12:00'}", "when={hours: '08:00-18:00'}", False),
        ("when={case_number: 'DG-*'}", "when={case_number: 'DG-####'}", True),
        ("when={case_number: 'DG-####'}", "when={case_number: 'DG-*'}", False),
        ("scope=own-region", "", False),
        ("", "scope=own-region", True),
        ("effective={until: 2027-01-01}", "effective={until: 2026-12-31}", True),
        ("effective={until: 2027-01-01}", "effective={from: 2026-12-31}", False),
    ],
)
def test_a_rule_is_shadowed_when_an_earlier_one_takes_everything(
    first: str, second: str, shadowed: bool
) -> None:
    assert ("lint.rule-shadowed" in _two(first, second)) is shadowed


def test_several_rules_can_shadow_one_together() -> None:
    hours = [RULE.replace("id: r", f"id: h{at[:2]}") + f", when: {{hours: '{at}'}}" for at in
             ("08:00-12:00", "12:00-18:00")]  # fmt: skip
    last = RULE.replace("id: r", "id: last") + ", when: {hours: '09:00-17:00'}"
    assert _keys(_rules(*hours, last)) == ["lint.rule-shadowed"]
    assert _keys(_rules(hours[0], last)) == []
    regions = [
        RULE.replace("id: r", f"id: x{code}").replace("any: true", f"regions: [{code}]")
        for code in (441900, 441800)
    ]
    both = RULE.replace("id: r", "id: last").replace("any: true", "regions: [441900003, 441800]")
    assert _keys(_rules(*regions, both)) == ["lint.rule-shadowed"]
    assert _keys(_rules(regions[0], both)) == []


def test_one_question_of_a_rule_can_be_shadowed() -> None:
    wide = RULE.replace("id: r", "id: w").replace("[is-enrolled]", "[is-enrolled, months-at-least]")
    assert _keys(_rules(RULE, wide)) == ["lint.question-shadowed"]
    assert _keys(_rules(wide, RULE)) == ["lint.rule-shadowed"]


def test_what_only_the_directory_could_tell_is_a_note() -> None:
    found = _two("to={levels: [city]}", "to={departments: [11441900000000035L]}")
    assert found == ["lint.shadow-unknown"]
    assert problem_texts("en")["lint.shadow-unknown"][0].startswith("whether")
    assert "lint.shadow-unknown" in NOTES


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("limits={per_day: 1} | for=[tax/refund]", "limits={per_day: 2}", True),
        ("limits={per_day: 1} | for=[tax/refund]", "limits={per_day: 1}", False),
        ("limits={per_day: 1} | for=[tax/refund]", "for=[fee] | limits={per_day: 2}", False),
        ("limits={per_day: 1} | when={workdays: true}", "limits={per_day: 2}", True),
        ("limits={per_day: 1} | when={hours: '08:00-12:00'}", "when={hours: '12:00-13:00'}", False),
        ("limits={per_day: 1} | when={hours: '08:00-12:00'}", "when={hours: '11:00-13:00'}", True),
        ("limits={per_day: 1} | to={levels: [city]}", "to={levels: [town]}", False),
        ("limits={per_day: 1} | to={levels: [city]}", "to={regions: [441900]}", True),
        ("limits={per_day: 1} | to={regions: [441900]}", "to={regions: [441800]}", False),
        ("limits={per_day: 1} | to={departments: [11441900000000035L]}", "", True),
        (
            "limits={per_day: 1} | to={departments: [11441900000000035L]}",
            "to={departments: [11441900000000027R]}",
            False,
        ),
        ("limits={per_day: 1} | when={case_number: 'A-#'}", "when={case_number: 'B-#'}", False),
        ("limits={per_day: 1} | when={case_number: 'A-#'}", "when={case_number: 'A-##'}", False),
        ("limits={per_day: 1} | when={case_number: 'A-#'}", "when={case_number: 'A-*'}", True),
        ("limits={per_day: 1} | effective={until: 2026-12-01}", "effective={from: 2026-12-02}", False),
        ("limits={per_day: 1} | effective={until: 2026-12-02}", "effective={from: 2026-12-02}", True),
        ("scope=own-region", "", True),
    ],
)
def test_overlaps_count_when_limits_or_scope_differ(first: str, second: str, meet: bool) -> None:
    assert ("lint.limits-overlap" in _two(first, second)) is meet


def test_case_number_forms_cover_each_other_as_their_patterns_do() -> None:
    forms = ["A", "#", "@", "A#", "##", "*", "A*", "*#", "A*#", "@*", "A-*", "*.", "a"]
    signs = ["A", "B", "a", "1", "-", "."]
    words = ["".join(word) for length in range(1, 5) for word in product(signs, repeat=length)]
    for outer, inner in product(forms, forms):
        wide, narrow = compile_case_number(outer), compile_case_number(inner)
        assert wide is not None
        assert narrow is not None
        every = all(wide.fullmatch(word) for word in words if narrow.fullmatch(word))
        assert case_covers(outer, inner) == every, (outer, inner)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('verify: "months_paid >= :n", parameters: {n: {choices: [60, 120, 180]}}', []),
        ('verify: "months_paid >= :n", parameters: {n: {choices: [60, 61]}}', ["lint.oracle-pins"]),
        ('verify: "months_paid >= :n", parameters: {n: {choices: [1, 60]}}', ["lint.oracle-pins"]),
        ('verify: "months_paid > :n", parameters: {n: {choices: [60, 719]}}', ["lint.oracle-pins"]),
        ('verify: "months_paid < :n AND status = \'active\'", parameters: {n: {choices: [60, 61]}}',
         ["lint.oracle-pins"]),
        ('verify: "months_paid BETWEEN :a AND :b", parameters: {a: {choices: [60, 90]}, b: {choices: [90]}}',
         ["lint.oracle-pins"]),
        (f'verify: "months_paid >= :n", parameters: {{n: {{choices: {list(range(10, 330, 20))}}}}}',
         ["lint.oracle-many"]),
        (f'verify: "months_paid >= :n", parameters: {{n: {{choices: {list(range(10, 310, 20))}}}}}', []),
        ('verify: "status = :s", parameters: {s: {choices: [active, paused]}}', ["lint.oracle-pins"]),
        ('verify: "status = :s", parameters: {s: {choices: [active]}}', []),
        ('field: status, as: {equals: s}, parameters: {s: {choices: [active, paused]}}',
         ["lint.oracle-pins"]),
        ('verify: "born_on < :d", parameters: {d: {choices: [2000-01-01, 2000-01-02]}}',
         ["lint.oracle-pins"]),
        ('verify: "school = :s", parameters: {s: {choices: [a, b]}}', ["lint.domain-open"]),
        ('verify: "school = :s", parameters: {s: {choices: [a]}}', []),
    ],
)  # fmt: skip
def test_choices_that_pin_a_value_down(body: str, expected: list[str]) -> None:
    assert _keys(question(body)) == expected


def test_what_may_leave_plain_is_no_secret_to_guess() -> None:
    body = 'verify: "months_paid >= :n", parameters: {n: {choices: [60, 61]}}'
    assert _keys(question(body).replace("level: 3", "level: 2")) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("requester: 2", "requester: 6", ["lint.budget-order"]),
        ("organisation: 5", "organisation: 11", ["lint.budget-order"]),
    ],
)
def test_budgets_that_cannot_be_spent(before: str, after: str, expected: list[str]) -> None:
    text = question("statistic: count, unit_contributes: 1, epsilon: 1")
    assert _keys(text.replace(before, after) if before else text) == expected


@pytest.mark.parametrize(("epsilon", "expected"), [("1", []), ("1.1", ["lint.budget-choices"])])
def test_a_budget_that_does_not_pay_for_every_choice(epsilon: str, expected: list[str]) -> None:
    body = (
        f'statistic: count, unit_contributes: 1, epsilon: {epsilon}, where: "months_paid > :n", '
        "parameters: {n: {choices: [60, 120]}}"
    )
    assert _keys(question(body)) == expected


@pytest.mark.parametrize(
    ("account", "budget", "expected"),
    [
        ("register", "requester: 2", []),
        ("register", "requester: 3", ["lint.account-differs"]),
        ("another", "requester: 3", []),
        ("register", "requester: 2}, period: month", ["lint.account-differs"]),
    ],
)
def test_datasets_of_one_account_with_other_budgets(account: str, budget: str, expected: list[str]) -> None:
    text = question("statistic: count, unit_contributes: 1, epsilon: 1")
    mine = text.replace("period: year", "period: year\n  account: register")
    if "period" in budget:
        theirs = mine.replace("period: year", "period: month")
    else:
        theirs = mine.replace("requester: 2", budget)
    theirs = theirs.replace("account: register", f"account: {account}")
    theirs = theirs.replace("dataset: pension-insurance", "dataset: pension-payments")
    found = _lint(mine, PURPOSES, PolicyFile("q.yaml", theirs.encode()))
    assert [each.key for each in found if each.file == "p.yaml" and "account" in each.key] == expected
    for each in found:
        if each.key == "lint.account-differs" and each.file == "p.yaml":
            assert "pension-payments" in each.render("en")


def test_a_budget_without_statistics() -> None:
    assert _keys(question("verify: \"status = 'active'\"") + PRIVACY) == ["lint.budget-unused"]


def test_files_with_errors_are_said_not_to_be_analysed_and_the_others_are() -> None:
    good = PolicyFile("good.yaml", rule(RULE).encode())
    bad = PolicyFile("bad.yaml", POLICY.replace("pension-insurance", "x").replace("daily", "dayly").encode())
    files = [bad, good, PURPOSES]
    found = lint(files, check_files(files), TODAY)
    assert [each.key for each in found if each.file == "bad.yaml"] == ["lint.file-skipped"]
    assert "lint.question-unused" in [each.key for each in found if each.file == "good.yaml"]
    assert found[0].severity is Severity.NOTE


def test_a_missing_purpose_tree_is_said() -> None:
    files = [PolicyFile("p.yaml", rule(RULE).encode())]
    assert "lint.no-purposes" in [each.key for each in lint(files, check_files(files), TODAY)]
    assert "lint.no-purposes" not in _keys(rule(RULE))


def test_warnings_of_one_file_are_bounded_and_it_says_how_many_more() -> None:
    many = "".join(
        f"  q{number}: {{title: q, title_en: q, verify: \"status = 'active'\"}}\n"
        for number in range(MAX_PROBLEMS + 7)
    )
    found = _lint(f"{HEAD}questions:\n{many}")
    assert len(found) == MAX_PROBLEMS + 1
    assert (found[-1].key, dict(found[-1].args)["count"]) == ("lint.more", "7")


def test_too_many_rules_to_compare_end_in_a_note_and_not_in_silence() -> None:
    bodies = [RULE.replace("id: r", f"id: r{n}") + f", when: {{case_number: 'A{n:04}'}}" for n in range(60)]
    rules = (
        build_policies([PolicyFile("p.yaml", _rules(*bodies).encode())]).datasets["pension-insurance"].rules
    )
    assert compare(rules).stopped is None
    stopped = compare(rules, most=500).stopped
    assert stopped is not None
    assert 0 < stopped.order < 59


def test_thousands_of_rules_are_analysed_in_seconds() -> None:
    bodies = [RULE.replace("id: r", f"id: r{n}").replace("any: true", f"departments: [{TAX}]")
              .replace("[tax]", f"[tax/p{n}]") for n in range(3000)]  # fmt: skip
    policy = PolicyFile("p.yaml", _rules(*bodies).encode())
    checked = check_files([policy])
    with work_of_at_most(20):
        lint([policy], checked, TODAY)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_warning_can_be_said_in_both_languages(lang: str) -> None:
    for found in _lint(_rules(RULE, RULE.replace("id: r", "id: s"), RULE.replace("id: r", "id: t"))):
        assert "{" not in found.render("zh" if lang == "zh" else "en")


def test_every_warning_has_a_place_in_the_code_and_a_test() -> None:
    lint = Path(policy_lint.__file__).parent
    places = [*lint.glob("*.py"), Path(policy_folder.__file__)]
    written = {
        node.value
        for path in places
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("lint.")
    }
    assert written == WARNINGS | NOTES
    tests = sorted((TESTS / "unit").rglob("test_*.py"))
    tested = {key for path in tests for key in re.findall(r"lint\.[a-z-]+", path.read_text("utf-8"))}
    assert tested >= (WARNINGS | NOTES) - {"lint.too-much"}

"""Policy files: what they become, and everything that can be wrong with one, each with its place."""

from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path
from string import Formatter

import pytest
from support.policy_samples import (
    HEAD,
    POLICY,
    PRIVACY,
    QUESTIONS,
    SHARING,
    build,
    closed,
    keys,
    problems,
    question,
    rule,
    the_problem,
)
from support.work import work_of_at_most

from node.core.policy.dataset import FieldType, Sensitivity, Sharing
from node.core.policy.policy import PolicyFile
from node.core.policy.question import GroupField
from node.core.policy.question_kind import QuestionKind
from node.core.reading import build as policy_build
from node.core.reading.build import PoliciesInvalidError, build_policies, check_files
from node.core.reading.document import MAX_PROBLEMS
from node.core.text.problem_kinds import problem_texts
from node.errors import Reason

PURPOSES = """\
purposes:
  social-insurance: {title: 社会保险, title_en: x}
  social-insurance/pension: {title: 养老, title_en: x}
"""


def test_a_policy_becomes_catalogue_entry_questions_and_rules() -> None:
    policy = build().datasets["pension-insurance"]
    dataset = policy.dataset
    assert (dataset.title, dataset.level, dataset.sharing) == ("基本养老保险参保信息", 3, Sharing.CONDITIONAL)
    assert dataset.subject.region_field == "region"
    assert dataset.fields["name"].sensitivity is Sensitivity.IDENTIFIER
    assert (dataset.fields["months_paid"].minimum, dataset.fields["months_paid"].maximum) == (0, 720)
    assert dataset.digest == sha256(POLICY.encode()).digest()
    assert policy.subject_type == "resident_id"
    kinds = {name: each.kind for name, each in policy.questions.items()}
    assert kinds["is-enrolled"] is QuestionKind.VERIFY
    assert kinds["contribution-band"] is QuestionKind.FIELD
    assert kinds["enrolled-by-region"] is QuestionKind.STATISTIC
    assert [each.id for each in policy.rules_for("is-enrolled")] == ["tax-deferral", "office"]
    assert [each.id for each in policy.rules_for("months-at-least")] == ["tax-deferral"]


def test_questions_are_compiled_with_types_and_columns() -> None:
    questions = build().datasets["pension-insurance"].questions
    asked = questions["months-at-least"]
    assert asked.parameters["n"].type is FieldType.INTEGER
    assert asked.parameters["n"].choices == ("60", "120", "180")
    assert asked.fields == {"months_paid"}
    assert asked.expression.sql("duckdb") == '"months_paid" >= $n'
    assert questions["name-matches"].claims["name"].wrong_tries_per_subject == 3
    statistic = questions["enrolled-by-region"].statistic
    assert statistic is not None
    assert statistic.group_by == (GroupField("region", ("441900003", "441900004")),)
    assert statistic.epsilon_micros == 500_000
    assert questions["enrolled-by-region"].text == "count by region where status = 'active'"


def test_a_count_without_condition_counts_every_row() -> None:
    built = build(question(COUNT)).datasets["pension-insurance"]
    assert built.questions["q"].statistic is not None
    assert built.questions["q"].statistic.where is None
    assert built.questions["q"].expression.sql("sqlite") == "TRUE"


def test_prices_are_rounded_up_and_budgets_down() -> None:
    text = POLICY.replace("epsilon: 0.5", "epsilon: 0.0000001").replace("dataset: 10,", "dataset: 9.9999999,")
    policy = build(text).datasets["pension-insurance"]
    statistic = policy.questions["enrolled-by-region"].statistic
    assert statistic is not None
    assert statistic.epsilon_micros == 1
    assert policy.budget is not None
    assert policy.budget.dataset_micros == 9_999_999


def test_the_digest_follows_content_and_not_names_or_order() -> None:
    pension = PolicyFile("a.yaml", POLICY.encode())
    other = PolicyFile("b.yaml", POLICY.replace("pension-insurance", "other").encode())
    digest = build_policies([pension, other]).digest
    assert len(digest) == 32
    assert build_policies([other, PolicyFile("z.yaml", pension.content)]).digest == digest
    assert build_policies([pension]).digest != digest
    changed = PolicyFile("b.yaml", other.content + b"# a comment\n")
    assert build_policies([pension, changed]).digest != digest


def test_no_files_make_no_datasets() -> None:
    assert build_policies([]).datasets == {}


def test_what_is_not_shared_needs_reason_and_basis_and_answers_nothing() -> None:
    text = HEAD.replace(SHARING, "{attribute: not_shared}")
    assert [(each.key, dict(each.args).get("key")) for each in problems(text)] == [
        ("not-shared.missing", "reason"),
        ("not-shared.missing", "legal_basis"),
    ]
    assert keys(closed()) == []
    assert keys(closed() + QUESTIONS + PRIVACY) == ["not-shared.questions"]


def test_invalid_policies_are_one_typed_error_with_all_problems() -> None:
    with pytest.raises(PoliciesInvalidError) as caught:
        build(POLICY.replace("daily", "dayly").replace("'active'\"}", "'aktive'\"}"))
    assert caught.value.reason is Reason.POLICY_NOT_LOADED
    assert [each.key for each in caught.value.problems] == ["value.choice", "literal.enum"]
    assert "p.yaml:6:9" in caught.value.message


@pytest.mark.parametrize(
    ("before", "after", "key", "line", "words"),
    [
        ("dataset: pension-insurance", "dataset: Pension", "name.spelling", 1, "Pension"),
        ("update: daily", "update: dayly", "value.choice", 6, "dayly"),
        ("update: daily", "update: daily\nupdated: daily", "key.unknown", 7, "updated"),
        ("title: 基本养老保险参保信息\n", "", "key.title", 1, "dataset: pension-insurance"),
        ("title: 基本养老保险参保信息", "title: [a]", "value.text", 2, "[a]"),
        ("title: 基本养老保险参保信息", "title: ''", "value.line", 2, "''"),
        ("11441900000000019Y", "11441900000000019Z", "credit-code.invalid", 3, "11441900000000019Z"),
        (SHARING, "conditional", "value.mapping", 4, "conditional"),
        ("attribute: conditional", "attribute: conditonal", "value.choice", 4, "conditonal"),
        ("level: 3", "level: 5", "value.too-great", 5, "5"),
        ("level: 3", "level: 0", "value.too-small", 5, "0"),
        ("level: 3", "level: 3.0", "value.integer", 5, "3.0"),
        ("level: 3", "level: '3'", "value.integer", 5, "'3'"),
        ("level: 3", "level: 99999999999999999999", "value.integer", 5, "99999999999999999999"),
        ("personal: true", "personal: yes", "value.boolean", 5, "yes"),
        ("personal: true", "personal: false", "classification.personal", 5, "false"),
        ("personal: true", "personal: true, secret: true", "classification.secret", 5, "true"),
        ("field: resident_id,", "field: name,", "subject.listed", 13, "name"),
        ("type: resident_id}", "type: resident_id, region: name}", "subject.region", 7, "name"),
        ("type: resident_id}", "type: passport}", "value.choice", 7, "passport"),
        ("name: {title: 姓名", "Name: {title: 姓名", "name.field-spelling", 13, "Name"),
        ("school: {title", "between: {title", "name.reserved", 14, "between"),
        ("sensitivity: identifier", "sensitivity: secret", "value.choice", 13, "secret"),
        (
            "text, sensitivity: identifier",
            "resident_id, sensitivity: normal",
            "field.resident-id",
            13,
            "normal",
        ),
        ("range: [0, 720]", "range: [720, 0]", "field.range-order", 12, "[720, 0]"),
        ("range: [0, 720]", "range: [0]", "value.too-few", 12, "range"),
        ("range: [0, 720]", "values: [a]", "field.values-type", 12, "values"),
        ("type: text}", "type: text, range: [0, 1]}", "field.range-type", 14, "range"),
        (", values: [active, paused, ended]", "", "field.values-missing", 11, "status"),
        ("paused, ended]", "paused, ended, active]", "field.value-twice", 11, "active"),
        ("[441900003, 441900004]", "[441900003, 4419]", "literal.region", 17, "4419"),
        ("type: date}", "type: datetime}", "value.choice", 16, "datetime"),
    ],
)
def test_a_wrong_head_is_told_with_its_place(
    before: str, after: str, key: str, line: int, words: str
) -> None:
    assert HEAD.count(before) == 1
    text = HEAD.replace(before, after)
    problem = the_problem(text)
    assert (problem.key, problem.line, problem.words) == (key, line, words)
    assert text.splitlines()[line - 1][problem.column - 1 :].startswith(words)
    assert all(problem.message_in(lang) and problem.hint_in(lang) for lang in ("zh", "en"))


CLAIM = "claims: {n: {wrong_tries_per_subject: 1}}"
COUNT = "statistic: count, unit_contributes: 1, epsilon: 1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("ceiling: {level: 1}", ["question.one-kind"]),
        ("verify: \"status = 'active'\", field: status, as: {exists: true}", ["question.one-kind"]),
        ("verify: \"status = 'active'\", epsilon: 1", ["question.key-of-other-kind"]),
        ("verify: \"status = 'active'\", as: {exists: true}", ["question.key-of-other-kind"]),
        ("verify: \"status = 'active'\", parameters: {n: {choices: [1]}}", ["question.parameter-unused"]),
        ("verify: \"status = 'active'\", " + CLAIM, ["question.claim-unused"]),
        ("verify: \"name = :n\", claims: {n: {wrong_tries_per_subject: 0}}", ["value.too-small"]),
        ("verify: \"name = :n\", claims: {n: {}}", ["key.missing"]),
        (
            "verify: \"months_paid > :n\", parameters: {n: {choices: [1]}}, " + CLAIM,
            ["predicate.claim-equality", "question.parameter-and-claim"],
        ),
        ("verify: \"months_paid > :n\", parameters: {n: {choices: []}}", ["value.too-few"]),
        ("verify: \"months_paid > :n\", parameters: {n: {choices: [1, x]}}", ["literal.integer"]),
        ("verify: \"months_paid > :n\", parameters: {n: {choices: [1, 1]}}", ["question.choice-twice"]),
        ("verify: \"status = :n\", parameters: {n: {choices: [actve]}}", ["literal.enum"]),
        ("verify: \"months_paid > :n AND joined_on > :n\", parameters: {n: {choices: [1]}}",
         ["question.placeholder-types", "literal.date"]),
        ("verify: [a]", ["value.text"]),
        ("field: status", ["question.as-missing"]),
        ("field: status, as: {}", ["derivation.one"]),
        ("field: status, as: {exists: true, plain: true}", ["derivation.one"]),
        ("field: status, as: {exists: false}", ["value.marker"]),
        ("field: satus, as: {exists: true}", ["field.unknown"]),
        ("field: resident_id, as: {exists: true}", ["field.unknown"]),
        ("field: status, as: {plain: true}", ["derivation.plain"]),
        ("field: name, as: {plain: true}", ["derivation.plain"]),
        ("field: name, as: {mask: {first: 6, last: 5}}", ["derivation.mask"]),
        ("field: name, as: {mask: {first: -1}}", ["value.too-small"]),
        ("field: months_paid, as: {mask: {first: 1}}", ["derivation.type"]),
        ("field: name, as: {band: [0, 10]}", ["derivation.type"]),
        ("field: months_paid, as: {band: [0]}", ["value.too-few"]),
        ("field: months_paid, as: {band: [0, 1]}", ["derivation.band"]),
        ("field: months_paid, as: {band: [10, 0]}", ["derivation.band"]),
        ("field: months_paid, as: {year_of: true}", ["derivation.type"]),
        ("field: months_paid, as: {generalise: {}}", ["derivation.generalise"]),
        ("field: months_paid, as: {generalise: {step: 1}}", ["value.too-small"]),
        ("field: months_paid, as: {generalise: {level: city}}", ["derivation.type"]),
        ("field: region, as: {generalise: {step: 12}}", ["derivation.type"]),
        ("field: region, as: {generalise: {level: city, step: 12}}", ["derivation.generalise"]),
        ("field: name, as: {equals: n}", ["predicate.unknown-placeholder"]),
        ("field: name, as: {equals: n}, parameters: {n: {choices: [a]}}", ["predicate.identifier"]),
        ("field: status, as: {equals: n}, " + CLAIM, ["predicate.claim-type"]),
        ("statistic: sum, unit_contributes: 1, epsilon: 1", ["value.choice"]),
        ("statistic: count", ["key.missing", "key.missing"]),
        ("statistic: count, unit_contributes: 0, epsilon: 1", ["value.too-small"]),
        ("statistic: count, unit_contributes: 1, epsilon: 0", ["epsilon.range"]),
        ("statistic: count, unit_contributes: 1, epsilon: 10.000001", ["epsilon.range"]),
        ("statistic: count, unit_contributes: 1, epsilon: 1e-3", ["value.decimal"]),
        ("statistic: count, unit_contributes: 1, epsilon: .inf", ["value.decimal"]),
        ("statistic: count, unit_contributes: 1, epsilon: 3", ["budget.too-small"]),
        (COUNT + ", group_by: [school]", ["statistic.group-open"]),
        (COUNT + ", group_by: [region, region]", ["statistic.group-twice"]),
        (COUNT + ", group_by: [nowhere]", ["field.unknown"]),
        (COUNT + ", where: \"nowhere = 1\"", ["predicate.unknown-field"]),
        (COUNT + ", " + CLAIM,
         ["question.key-of-other-kind"]),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(body: str, expected: list[str]) -> None:
    assert sorted(keys(question(body))) == sorted(expected)


@pytest.mark.parametrize("derived", ["exists: true", "mask: {first: 1}", "equals: n"])
def test_identifiers_leave_masked_tested_or_claimed(derived: str) -> None:
    claims = ", " + CLAIM if "equals" in derived else ""
    assert keys(question(f"field: name, as: {{{derived}}}{claims}")) == []


def test_plain_values_leave_normal_fields_of_low_levels_only() -> None:
    low = question("field: FIELD, as: {plain: true}").replace("level: 3", "level: 2")
    assert keys(low.replace("FIELD", "status")) == []
    assert keys(low.replace("FIELD", "born_on")) == ["derivation.plain"]
    assert keys(low.replace("FIELD", "name")) == ["derivation.plain"]


def test_a_statistic_needs_a_budget() -> None:
    text = question(COUNT).replace(PRIVACY, "")
    assert keys(text) == ["privacy.missing"]


def test_a_statistic_may_take_parameters() -> None:
    body = COUNT + ', where: "months_paid > :n", parameters: {n: {choices: [60]}}'
    assert keys(question(body)) == []


GOOD_RULE = "id: r, allow: [is-enrolled], to: {any: true}, for: [tax]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD_RULE, []),
        (GOOD_RULE.replace("[is-enrolled]", "[is-enroled]"), ["rule.unknown-question"]),
        (GOOD_RULE.replace("[is-enrolled]", "[]"), ["value.too-few"]),
        (GOOD_RULE.replace("[is-enrolled]", "is-enrolled"), ["value.list"]),
        (GOOD_RULE.replace("{any: true}", "{}"), ["rule.to-empty"]),
        (GOOD_RULE.replace("{any: true}", "any"), ["value.mapping"]),
        (GOOD_RULE.replace("{any: true}", "{any: false}"), ["value.marker"]),
        (GOOD_RULE.replace("{any: true}", "{any: true, levels: [city]}"), ["rule.any-beside-others"]),
        (GOOD_RULE.replace("{any: true}", "{levels: [town, village]}"), ["value.choice"]),
        (GOOD_RULE.replace("{any: true}", "{regions: [东莞]}"), ["region.spelling"]),
        (GOOD_RULE.replace("{any: true}", "{departments: [11441900000000035M]}"), ["credit-code.invalid"]),
        (GOOD_RULE.replace("{any: true}", "{departments: 11441900000000035L}"), ["value.list"]),
        (GOOD_RULE.replace("[tax]", "[Tax]"), ["purpose.spelling"]),
        (GOOD_RULE.replace("[tax]", "['*']"), ["purpose.spelling"]),
        (GOOD_RULE + ", effective: {}", ["rule.effective-empty"]),
        (GOOD_RULE + ", effective: {from: 2026-02-30}", ["value.date"]),
        (GOOD_RULE + ", effective: {from: 26-02-01}", ["value.date"]),
        (GOOD_RULE + ", effective: {until: [2026-02-01]}", ["value.text"]),
        (GOOD_RULE + ", effective: {from: 2026-02-02, until: 2026-02-01}", ["rule.effective-order"]),
        (GOOD_RULE + ", scope: region", ["value.choice"]),
        (GOOD_RULE + ", when: {hours: '17:30-08:30'}", ["rule.hours"]),
        (GOOD_RULE + ", when: {hour: '08:30-17:30'}", ["key.unknown"]),
        (GOOD_RULE + ", when: {workdays: false}", ["value.marker"]),
        (GOOD_RULE + ", when: {case_number: '[0-9]+'}", ["rule.case-number"]),
        (GOOD_RULE + ", when: {case_number: '*-*'}", ["rule.case-number"]),
        (GOOD_RULE + ", limits: {per_day: 0}", ["value.too-small"]),
        (GOOD_RULE + ", limits: {per_day: 1e9}", ["value.integer"]),
        (GOOD_RULE + ", limits: {per_day: 99999999999}", ["value.too-great"]),
        (GOOD_RULE.replace("id: r, ", ""), ["key.missing"]),
        (GOOD_RULE + "}\n  - {" + GOOD_RULE, ["rule.id-twice"]),
    ],
)
def test_a_wrong_rule_is_refused(body: str, expected: list[str]) -> None:
    assert keys(rule(body)) == expected


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("dataset: 10,", "dataset: 0,", "budget.range"),
        ("dataset: 10,", "dataset: 1001,", "budget.range"),
        ("dataset: 10,", "dataset: -1,", "value.decimal"),
        ("dataset: 10,", "", "key.missing"),
        ("period: year", "period: week", "value.choice"),
        ("requester: 2}", "requester: 0.4}", "budget.too-small"),
    ],
)
def test_a_wrong_budget_is_refused(before: str, after: str, key: str) -> None:
    assert key in keys(POLICY.replace(before, after))


def test_problems_of_all_parts_are_found_at_once() -> None:
    text = POLICY.replace("update: daily", "update: dayly").replace("[is-enrolled]", "[is-enroled]")
    text = text.replace("status = 'active'\"}", "status = 'aktive'\"}")
    text = text.replace("wrong_tries_per_subject: 3", "wrong_tries: 3")
    expected = ["value.choice", "literal.enum", "key.missing", "key.unknown", "rule.unknown-question"]
    assert keys(text) == expected


@pytest.mark.parametrize("part", ["dataset", "title", "provider", "sharing", "classification", "update"])
def test_a_wrong_head_does_not_hide_what_is_wrong_below(part: str) -> None:
    text = ("\n" + POLICY).replace(f"\n{part}: ", f"\n{part}: [] # ")
    assert keys(text.replace("status = 'active'\"}", "status = 'aktive'\"}"))[1:] == ["literal.enum"]


def test_a_problem_points_into_the_predicate() -> None:
    problem = the_problem(question("verify: \"months_paid < 180 AND status <> 'endet'\""))
    line = HEAD.count("\n") + 2
    assert (problem.line, problem.words) == (line, "'endet'")
    assert problem.column == len('  q: {verify: "months_paid < 180 AND status <> ') + 1
    assert problem.hint == "did you mean 'ended'?"
    assert problem.render("zh").startswith(f"p.yaml:{line}:")


def test_purposes_of_rules_must_be_in_the_tree_if_there_is_one() -> None:
    tree = PolicyFile("definitions.yaml", PURPOSES.encode())
    policy = PolicyFile("p.yaml", POLICY.encode())
    checked = check_files([tree, policy])
    assert [(each.key, each.file) for each in checked.problems] == [("purpose.unknown", "p.yaml")]
    more = PURPOSES + "  social-insurance/pension/deferral: {title: 延缴, title_en: x}\n"
    grown = PolicyFile("definitions.yaml", more.encode())
    policies = build_policies([grown, policy])
    assert policies.purposes is not None
    assert policies.purposes.purposes["social-insurance/pension"].title == "养老"


def test_a_purpose_needs_its_parent() -> None:
    text = b"purposes:\n  tax/refund: {title: x, title_en: x}\n"
    checked = check_files([PolicyFile("definitions.yaml", text)])
    assert [(each.key, each.line, each.column) for each in checked.problems] == [("purpose.no-parent", 2, 3)]


def test_two_files_cannot_hold_one_dataset_or_the_definitions() -> None:
    files = [PolicyFile(name, POLICY.encode()) for name in ("a.yaml", "b.yaml")]
    assert [(each.key, each.file) for each in check_files(files).problems] == [("dataset.twice", "b.yaml")]
    trees = [PolicyFile(name, PURPOSES.encode()) for name in ("a.yaml", "b.yaml")]
    assert [(each.key, each.file) for each in check_files(trees).problems] == [
        ("definitions.twice", "b.yaml")
    ]


def test_every_message_is_there_in_both_languages_with_the_same_arguments() -> None:
    english, chinese = problem_texts("en"), problem_texts("zh")
    assert english.keys() == chinese.keys()

    def named(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for key, (what, hint) in english.items():
        spoken_what, spoken_hint = chinese[key]
        assert named(what) >= named(spoken_what) - {"words"}, key
        assert named(hint) == named(spoken_hint), key
        assert not what.endswith("."), key
        assert not hint.endswith("."), key


def test_every_key_that_the_code_names_has_a_message() -> None:
    house = Path(policy_build.__file__).parents[2]
    named = set()
    for module in (
        "core/reading/decoded",
        "core/reading/document",
        "core/reading/mistyped",
        "core/reading/wide_signs",
        "core/reading/yaml_fault",
        "core/policy/predicate",
        "core/policy/predicate_tokens",
        "core/reading/question",
        "core/reading/build",
        "core/reading/definitions",
        "core/reading/combination",
        "core/reading/dataset",
        "core/reading/rule",
        "core/reading/shape",
        "core/reading/scalars",
        "core/reading/holidays",
        "analysis/lint/lint",
        "analysis/lint/account",
        "analysis/lint/asked",
        "analysis/lint/condition",
        "analysis/lint/finding",
        "analysis/lint/reach",
        "analysis/lint/unlimited",
        "documents/policy_folder",
        "analysis/tests/table",
        "analysis/tests/format",
    ):
        for node in ast.walk(ast.parse((house / f"{module}.py").read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                area, dot, rest = node.value.partition(".")
                if dot and area.islower() and rest.replace("-", "").isalnum() and " " not in node.value:
                    named.add(node.value)
    assert named == problem_texts("en").keys()


def test_a_hopeless_file_ends_in_bounded_time_with_bounded_problems() -> None:
    fields = "".join(f"  months_paid_{i}: {{title: x, title_en: x, type: integer}}\n" for i in range(300))
    wrong = " AND ".join(f"month_paid_{i} = 1" for i in range(60))
    questions = "".join(f'  q{i}: {{title: q, title_en: q, verify: "{wrong}"}}\n' for i in range(300))
    text = f"{HEAD}{fields}questions:\n{questions}"
    with work_of_at_most(20):
        assert len(problems(text)) <= 2 * MAX_PROBLEMS


def test_rule_for_the_own_area_needs_a_field_that_places_the_subject() -> None:
    text = rule(GOOD_RULE + ", scope: own-region")
    assert keys(text) == []
    without = "\n".join(line for line in text.splitlines() if not line.startswith("  region:"))
    assert "rule.scope-region" in keys(without.replace("group_by: [region], ", ""))

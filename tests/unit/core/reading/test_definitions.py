"""Shared definitions: what policies use by name, and everything that can be wrong with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.policy_samples import CALENDAR, GRANT, HUMAN_RESOURCES, MEDICAL, POLICY, REQUEST, TAX

from node.analysis.diff.diff import difference
from node.analysis.diff.relation import Direction
from node.analysis.lint.lint import lint
from node.core.deciding.evaluator import decide
from node.core.deciding.explain import explain
from node.core.policy.definitions import Definitions, Group
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.request import RequestingDepartment
from node.core.reading.build import build_policies, check_files
from node.core.text.explanation import advice_of
from node.core.text.problem import Problem
from node.errors import Reason

TAX_AND_MEDICAL = f"""departments:
  tax-and-medical: {{title: 税务和医保, title_en: Tax and medical, departments: [{TAX}, {MEDICAL}]}}
bands:
  months: [0, 60, 120, 180, 720]
"""
LISTED = f"to: {{departments: [{TAX}]}}"


def _policy(to: str) -> str:
    assert POLICY.count(LISTED) == 1
    return POLICY.replace(LISTED, f"to: {{{to}}}")


def _files(policy: str, definitions: str = TAX_AND_MEDICAL) -> list[PolicyFile]:
    return [PolicyFile("p.yaml", policy.encode()), PolicyFile("definitions.yaml", definitions.encode())]


def _problems(policy: str, definitions: str = TAX_AND_MEDICAL) -> list[tuple[str, str, int, int]]:
    found: tuple[Problem, ...] = check_files(_files(policy, definitions)).problems
    return [(each.key, each.file, each.line, each.column) for each in found]


def _allows(policies: Policies, code: str, **more: str) -> bool:
    requester = RequestingDepartment(
        code, more.get("region", "441900"), more.get("level", "city"), suspended=False
    )
    request = replace(REQUEST, requester=requester, question="contribution-band")
    grant = replace(GRANT, requester=code)
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert explain(policies, lambda _: grant, request, CALENDAR).decision == decision
    if not decision.permit:
        assert (decision.reason, decision.clause) in {
            (Reason.QUESTION_NOT_ALLOWED, "to.departments"),
            (Reason.QUESTION_NOT_ALLOWED, "to.levels"),
        }
    return decision.permit


def test_a_rule_for_a_group_is_for_each_of_its_departments_and_for_no_other() -> None:
    policies = build_policies(_files(_policy("groups: [tax-and-medical]")))
    assert [_allows(policies, code) for code in (TAX, MEDICAL, HUMAN_RESOURCES)] == [True, True, False]


def test_groups_and_departments_add_up_and_levels_still_have_to_fit() -> None:
    to = f"groups: [tax-and-medical], departments: [{HUMAN_RESOURCES}], levels: [city]"
    policies = build_policies(_files(_policy(to)))
    assert [_allows(policies, code) for code in (TAX, MEDICAL, HUMAN_RESOURCES)] == [True, True, True]
    assert not _allows(policies, TAX, level="town")


def test_a_group_means_what_its_departments_mean_written_out() -> None:
    by_name = build_policies(_files(_policy("groups: [tax-and-medical]")))
    written_out = build_policies(_files(_policy(f"departments: [{TAX}, {MEDICAL}]")))
    compared = difference(by_name, written_out, CALENDAR, REQUEST.at.date())
    assert compared.equal, compared
    fewer = TAX_AND_MEDICAL.replace(f", {MEDICAL}", "")
    narrower = build_policies(_files(_policy("groups: [tax-and-medical]"), fewer))
    assert not difference(by_name, narrower, CALENDAR, REQUEST.at.date()).equal


def test_an_explanation_names_the_group_and_its_departments() -> None:
    policies = build_policies(_files(_policy(f"groups: [tax-and-medical], departments: [{TAX}]")))
    rule = policies.datasets["pension-insurance"].rules[0]
    assert rule.to.text() == f"departments: tax-and-medical ({', '.join(sorted((TAX, MEDICAL)))})"
    request = replace(REQUEST, requester=replace(REQUEST.requester, code=HUMAN_RESOURCES))
    request = replace(request, question="contribution-band")
    grant = replace(GRANT, requester=HUMAN_RESOURCES)
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert "tax-and-medical (" in advice_of(decision, "en")


def test_a_large_group_costs_a_rule_nothing() -> None:
    """Rules are filed under the group's name, however many departments it has."""
    policies = build_policies(_files(_policy("groups: [tax-and-medical]")))
    index = policies.datasets["pension-insurance"].index["contribution-band"]
    assert "group tax-and-medical" in index.filed
    assert not any(TAX in key or MEDICAL in key for key in index.filed)


def test_a_band_by_its_name_is_the_band_written_out() -> None:
    edges = "{band: [0, 60, 120, 180, 720]}"
    assert POLICY.count(edges) == 1
    by_name = build_policies(_files(POLICY.replace(edges, "{band: months}"))).datasets["pension-insurance"]
    written_out = build_policies(_files(POLICY)).datasets["pension-insurance"]
    assert by_name.questions["contribution-band"] == written_out.questions["contribution-band"]


@pytest.mark.parametrize(
    ("policy", "definitions", "expected"),
    [
        (_policy("groups: [tax-and-medcal]"), TAX_AND_MEDICAL, "p.yaml: group.unknown: tax-and-medcal"),
        (_policy("groups: [tax-and-medical]"), "bands: {}", "p.yaml: group.unknown: tax-and-medical"),
        (
            POLICY.replace("{band: [0, 60, 120, 180, 720]}", "{band: month}"),
            TAX_AND_MEDICAL,
            "p.yaml: band.unknown: month",
        ),
        (
            POLICY.replace("{band: [0, 60, 120, 180, 720]}", "{band: [0, x]}"),
            TAX_AND_MEDICAL,
            "p.yaml: value.integer: x",
        ),
        (
            POLICY.replace("{band: [0, 60, 120, 180, 720]}", "{band: Months}"),
            TAX_AND_MEDICAL,
            "p.yaml: name.spelling: Months",
        ),
        (POLICY, TAX_AND_MEDICAL.replace(MEDICAL, TAX), f"definitions.yaml: group.department-twice: {TAX}"),
        (
            POLICY,
            TAX_AND_MEDICAL.replace(MEDICAL, "tax-and-medical"),
            "definitions.yaml: group.of-groups: tax-and-medical",
        ),
        (
            POLICY,
            TAX_AND_MEDICAL.replace(MEDICAL, MEDICAL[:-1] + "9"),
            f"definitions.yaml: credit-code.invalid: {MEDICAL[:-1]}9",
        ),
        (POLICY, TAX_AND_MEDICAL.replace("120, 180", "120, 121"), "definitions.yaml: derivation.band: 121"),
        (POLICY, "band: {months: [0, 60]}", "definitions.yaml: key.unknown: band"),
        (POLICY, "departments: {a: {title: 组, title_en: A, departments: []}}", None),
        (
            POLICY,
            f"departments: {{a: {{title: 组, departments: [{TAX}]}}}}",
            "definitions.yaml: key.title-en: a",
        ),
        (POLICY, "departments: [a]", "definitions.yaml: value.mapping: [a]"),
        (POLICY, "bands: {months: [0]}", "definitions.yaml: value.too-few: months"),
        (POLICY, "bands: {months: [0, 60], months: [0, 60]}", "definitions.yaml: yaml.duplicate-key: months"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_words(
    policy: str, definitions: str, expected: str | None
) -> None:
    found = check_files(_files(policy, definitions)).problems
    told = [f"{each.file}: {each.key}: {each.words}" for each in found]
    assert told == [expected or "definitions.yaml: value.too-few: departments"]


def test_a_misspelled_name_has_its_place_and_the_closest_known_one() -> None:
    policy = _policy("groups: [tax-and-medcal]")
    (problem,) = check_files(_files(policy)).problems
    line = next(number for number, text in enumerate(policy.split("\n"), 1) if "medcal" in text)
    assert (problem.line, problem.hint) == (line, "did you mean 'tax-and-medical'?")
    assert problem.hint_in("zh") == "是否想写“tax-and-medical”？"


def test_broken_definitions_are_no_reason_to_blame_who_uses_them() -> None:
    policy = _policy("groups: [tax-and-medical]").replace("{band: [0, 60, 120, 180, 720]}", "{band: months}")
    broken = TAX_AND_MEDICAL.replace("title_en:", "title-en:")
    assert {file for _, file, _, _ in _problems(policy, broken)} == {"definitions.yaml"}
    assert [key for key, *_ in _problems(policy, "departments: {a: {")] == ["yaml.value-missing"]


def test_definitions_are_defined_once() -> None:
    files = [*_files(POLICY), PolicyFile("more.yaml", b"bands: {months: [0, 60]}")]
    assert [(each.key, each.file) for each in check_files(files).problems] == [
        ("definitions.twice", "more.yaml")
    ]


def test_a_department_knows_the_keys_of_its_groups() -> None:
    groups = {name: Group(name, "组", "group", frozenset({TAX})) for name in ("a", "b")}
    assert Definitions(groups=groups).memberships() == {TAX: ("group a", "group b")}


MEDICAL_INSURANCE = (
    POLICY.replace("dataset: pension-insurance", "dataset: medical-insurance")
    .replace("is-enrolled", "is-insured")
    .replace("contribution-band", "fee-band")
)
BANDS = "pension-insurance/contribution-band, medical-insurance/fee-band"
TOGETHER = f"  - {{id: profile, questions: [{BANDS}], within_days: 30}}\n"


def _across(together: str = TOGETHER, *others: str) -> list[PolicyFile]:
    texts = (POLICY, *(others or (MEDICAL_INSURANCE,)))
    files = [PolicyFile(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)]
    definitions = f"forbidden_together:\n{together}"
    return [*files, PolicyFile("definitions.yaml", definitions.encode())]


def test_a_combination_across_datasets_concerns_the_questions_of_each() -> None:
    datasets = build_policies(_across()).datasets
    assert {
        (dataset.dataset.name, question.name, each.id, each.days, each.questions)
        for dataset in datasets.values()
        for question in dataset.questions.values()
        for each in question.combinations
    } == {
        (
            "pension-insurance",
            "contribution-band",
            "profile",
            30,
            ("contribution-band", "medical-insurance/fee-band"),
        ),
        ("medical-insurance", "fee-band", "profile", 30, ("pension-insurance/contribution-band", "fee-band")),
    }


def test_it_comes_beside_the_combinations_of_a_policy() -> None:
    own = "forbidden_together:\n  - {id: own, questions: [fee-band, is-insured], within_days: 7}\n"
    datasets = build_policies(_across(TOGETHER, MEDICAL_INSURANCE + own)).datasets
    combinations = datasets["medical-insurance"].questions["fee-band"].combinations
    assert [each.id for each in combinations] == ["own", "profile"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("fee-band", "fee-bands", "combination.question: medical-insurance/fee-bands"),
        ("fee-band", "enrolled-by-region", "combination.statistic: medical-insurance/enrolled-by-region"),
        ("medical-insurance/fee-band", "fee-band", "name.question-path: fee-band"),
        ("medical-insurance/fee-band", "a/b/c", "name.question-path: a/b/c"),
        (
            "medical-insurance/fee-band",
            "pension-insurance/contribution-band",
            "combination.question-twice: pension-insurance/contribution-band",
        ),
        (", medical-insurance/fee-band", "", "value.too-few: questions"),
        (
            "30}\n",
            f"30}}\n{TOGETHER}",
            "combination.id-twice: profile",
        ),
    ],
)
def test_what_is_wrong_with_a_combination_across_datasets_has_its_place(
    old: str, new: str, expected: str
) -> None:
    (problem,) = check_files(_across(TOGETHER.replace(old, new, 1))).problems
    assert f"{problem.key}: {problem.words}" == expected
    assert problem.file == "definitions.yaml"
    assert problem.line > 1


def test_a_misspelled_question_of_another_dataset_is_guessed() -> None:
    (problem,) = check_files(_across(TOGETHER.replace("fee-band", "fee-bnd"))).problems
    assert problem.hint == "did you mean 'medical-insurance/fee-band'?"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (f"provider: {HUMAN_RESOURCES}", f"provider: {MEDICAL}", "combination.provider"),
        ("type: resident_id}", "type: credit_code}", "combination.subject"),
    ],
)
def test_a_combination_is_within_one_provider_and_one_type_of_subject(old: str, new: str, key: str) -> None:
    assert MEDICAL_INSURANCE.count(old) == 1
    (problem,) = check_files(_across(TOGETHER, MEDICAL_INSURANCE.replace(old, new))).problems
    assert (problem.key, problem.words) == (key, "medical-insurance/fee-band")


def test_ids_of_combinations_are_unique_across_files() -> None:
    own = "forbidden_together:\n  - {id: profile, questions: [fee-band, is-insured], within_days: 7}\n"
    (problem,) = check_files(_across(TOGETHER, MEDICAL_INSURANCE + own)).problems
    assert (problem.key, problem.file) == ("combination.id-twice", "definitions.yaml")


@pytest.mark.parametrize(
    ("name", "key"),
    [("medical-insurence", "lint.combination-misspelled"), ("roads", "lint.combination-absent")],
)
def test_a_combination_with_a_dataset_that_is_not_here_is_told(name: str, key: str) -> None:
    files = _across(TOGETHER.replace("medical-insurance", name))
    checked = check_files(files)
    assert checked.policies is not None
    found = [each for each in lint(files, checked, REQUEST.at.date()) if each.file == "definitions.yaml"]
    assert [(each.key, each.words) for each in found] == [(key, f"{name}/fee-band")]
    told = lint(_across(), check_files(_across()), REQUEST.at.date())
    assert not any(each.file == "definitions.yaml" for each in told)


def test_a_combination_more_is_narrower_and_one_less_wider() -> None:
    guarded = build_policies(_across())
    free = build_policies(_across()[:-1])
    narrowed = difference(free, guarded, CALENDAR, REQUEST.at.date())
    widened = difference(guarded, free, CALENDAR, REQUEST.at.date())
    for found, direction in ((narrowed, Direction.NARROWER), (widened, Direction.WIDER)):
        assert {(each.part, each.direction) for each in found.changes} == {("combinations", direction)}
    assert (narrowed.widens, widened.widens) == (False, True)

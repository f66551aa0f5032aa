"""The example policies: they load, their schemas are current, the scenes are decided as told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml
from support import places
from support.policy_samples import CALENDAR, GRANT, HUMAN_RESOURCES, MEDICAL, TAX

from node.analysis.tests.hover import table_schema_text
from node.cli.policy.files import read_files
from node.cli.running import node_folder
from node.core.deciding.evaluator import Decision, decide
from node.core.deciding.explain import explain
from node.core.policy.dataset import Field
from node.core.policy.question import Question
from node.core.policy.request import Request, RequestingDepartment
from node.core.purpose import Purpose
from node.core.reading.build import build_policies
from node.core.reading.format import DefinitionsPart, PolicyPart, schema_text
from node.demo.registers import make_registers
from node.errors import Reason

FOLDER = places.POLICIES
POLICIES = build_policies(read_files([FOLDER]))
SUNDAY_NIGHT = datetime(2026, 11, 22, 15, tzinfo=UTC)
DEFERRAL = "social-insurance/pension/deferral"


def _ask(
    requester: str,
    dataset: str,
    question: str,
    purpose: str,
    *,
    claims: frozenset[str] = frozenset(),
    parameters: tuple[tuple[str, str], ...] = (),
    subjects: int = 1,
    case_number: str = "",
    at: datetime = SUNDAY_NIGHT,
) -> Decision:
    """Ask with a grant that covers whatever is asked, for a root purpose."""
    request = Request(
        RequestingDepartment(requester, "441900", "city", suspended=False),
        dataset,
        question,
        parameters,
        claims,
        purpose,
        case_number,
        "g-1",
        subjects,
        at,
    )
    grant = replace(
        GRANT,
        requester=requester,
        dataset=dataset,
        questions=frozenset({question}),
        purposes=("social-insurance", "employment", "business", "tax", "city-planning"),
        valid_from=at - timedelta(days=1),
        valid_until=at + timedelta(days=1),
    )
    decision = decide(POLICIES, lambda _: grant, request, CALENDAR)
    assert explain(POLICIES, lambda _: grant, request, CALENDAR).decision == decision
    return decision


def test_schemas_are_current() -> None:
    for name, model in (("policy", PolicyPart), ("definitions", DefinitionsPart)):
        path = FOLDER / f"{name}.schema.json"
        assert path.read_text("utf-8") == schema_text(model), "run `dxnode policy schema` again"
    tables = (FOLDER / "policy-test.schema.json").read_text("utf-8")
    assert tables == table_schema_text(), "run `dxnode policy schema --tables` again"


class _EditorLoader(yaml.SafeLoader):
    """Reads YAML as a language server does: dates and times are text (YAML 1.2)."""


_EditorLoader.yaml_implicit_resolvers = {
    char: [(tag, form) for tag, form in resolvers if not tag.endswith("timestamp")]
    for char, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.test.yaml")), ids=lambda path: path.name)
def test_an_editor_finds_nothing_wrong_with_a_table(path: Path) -> None:
    schema = json.loads((FOLDER / "policy-test.schema.json").read_text("utf-8"))
    text = path.read_text("utf-8")
    table = yaml.load(text, _EditorLoader)  # noqa: S506  # a safe loader
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(table)] == []
    for wrong in ({"expects": "permit"}, {"rule": None}, {"expect": "permit", "reason": "NO_GRANT"}):
        assert not validator.is_valid({**table, "tests": [{**table["tests"][0], **wrong}]})
    assert text.startswith("# yaml-language-server: $schema=policy-test.schema.json\n")


def test_every_policy_has_a_table_and_opens_with_its_scene() -> None:
    for name in POLICIES.datasets:
        assert (FOLDER / f"{name}.test.yaml").is_file()
        said = [
            line for line in (FOLDER / f"{name}.yaml").read_text("utf-8").splitlines()[:8] if line[:1] == "#"
        ]
        assert any("场景：" in line for line in said), name
        assert any("Scene: " in line for line in said), name


@pytest.mark.parametrize("name", ["policy.md", "policy.zh-CN.md"])
def test_the_reference_names_every_example_and_only_rules_that_are_in_it(name: str) -> None:
    reference = (FOLDER.parent / "docs" / name).read_text("utf-8")
    rows = re.findall(r"^\|(.*)\|(.*policies/.*)\|(.*)\|$", reference, re.MULTILINE)
    named: set[str] = set()
    for _, files, rules in rows:
        for dataset in re.findall(r"policies/([a-z-]+)\.yaml", files):
            policy = POLICIES.datasets[dataset]
            combinations = (each for question in policy.questions.values() for each in question.combinations)
            known = {rule.id for rule in policy.rules} | {each.id for each in combinations}
            assert set(re.findall(r"`([a-z-]+)`", rules)) <= known, (dataset, rules)
            named.add(dataset)
    assert named == POLICIES.datasets.keys()


@pytest.mark.parametrize("folder", [FOLDER, Path(node_folder.__file__).parent / "example"])
def test_every_title_of_an_example_is_there_in_chinese_and_english(folder: Path) -> None:
    policies = build_policies(read_files([folder]))
    assert policies.purposes is not None
    titled: list[Field | Question | Purpose] = [*policies.purposes.purposes.values()]
    for policy in policies.datasets.values():
        titled += [*policy.dataset.fields.values(), *policy.questions.values()]
    assert [each for each in titled if each.title.isascii() or not each.title_en.isascii()] == []
    assert [each for each in titled if not each.title_en] == []


def test_every_question_is_allowed_by_a_rule() -> None:
    for name, policy in POLICIES.datasets.items():
        assert all(policy.rules_for(question) for question in policy.questions), name


def test_fields_are_those_of_the_demo_registers() -> None:
    registers = make_registers(residents=1000)
    for name, register in registers.datasets.items():
        policy, columns = POLICIES.datasets[name], register.columns
        assert columns[0] == policy.dataset.subject.field
        assert set(columns[1:]) == policy.dataset.fields.keys()


@pytest.mark.parametrize(
    ("dataset", "question", "parameters", "claims"),
    [
        ("pension-insurance", "is-enrolled", (), ()),
        ("pension-insurance", "deferral-eligible", (), ()),
        ("pension-insurance", "months-at-least", (("n", "180"),), ()),
        ("pension-insurance", "contribution-band", (), ()),
        ("pension-insurance", "name-matches", (), ("name",)),
        ("medical-insurance", "is-enrolled", (), ()),
        ("medical-insurance", "months-at-least", (("n", "120"),), ()),
    ],
)
def test_the_tax_window_verifies_for_deferral_at_any_hour(
    dataset: str, question: str, parameters: tuple[tuple[str, str], ...], claims: tuple[str, ...]
) -> None:
    decision = _ask(TAX, dataset, question, DEFERRAL, parameters=parameters, claims=frozenset(claims))
    assert (decision.permit, decision.rule) == (True, "tax-deferral")


def test_the_tax_window_learns_nothing_for_inspection() -> None:
    decision = _ask(TAX, "pension-insurance", "is-enrolled", "tax/inspection")
    assert (decision.reason, decision.rule, decision.clause) == (
        Reason.PURPOSE_NOT_ALLOWED,
        "tax-deferral",
        "for",
    )


def test_a_transfer_is_checked_in_office_hours_only() -> None:
    purpose, case = "social-insurance/pension/transfer", "DG-20261123-0001"
    night = _ask(TAX, "pension-insurance", "is-enrolled", purpose, case_number=case)
    assert (night.reason, night.rule, night.clause) == (
        Reason.CONDITION_NOT_MET,
        "after-hours-check",
        "when.workdays",
    )
    monday = SUNDAY_NIGHT + timedelta(hours=12)
    assert _ask(TAX, "pension-insurance", "is-enrolled", purpose, case_number=case, at=monday).permit


def test_maternity_batches_run_at_any_hour_without_a_limit_per_subject() -> None:
    purpose = "social-insurance/maternity/allowance"
    decision = _ask(HUMAN_RESOURCES, "medical-insurance", "maternity-covered", purpose, subjects=1000)
    assert decision.permit
    assert (decision.limits.per_day, decision.limits.per_subject_per_day) == (200_000, None)


def test_a_diploma_is_checked_against_claims_with_three_wrong_tries() -> None:
    claims = frozenset({"certificate_number", "name"})
    decision = _ask(HUMAN_RESOURCES, "diploma", "diploma-matches", "employment/recruitment", claims=claims)
    assert decision.permit
    assert decision.question is not None
    assert {claim.wrong_tries_per_subject for claim in decision.question.claims.values()} == {3}


@pytest.mark.parametrize(
    "question", ["company-name", "company-status", "registration-year", "capital-band", "is-active"]
)
def test_opening_a_company_takes_derived_fields_of_the_licence(question: str) -> None:
    assert _ask(TAX, "business-licence", question, "business/company-opening").permit
    assert not _ask(MEDICAL, "business-licence", question, "business/company-opening").permit


@pytest.mark.parametrize(
    ("dataset", "question", "cells"),
    [
        ("pension-insurance", "enrolled-by-region", 8),
        ("medical-insurance", "enrolled-by-scheme", 16),
        ("business-licence", "active-by-region", 8),
    ],
)
def test_planning_counts_by_town(dataset: str, question: str, cells: int) -> None:
    decision = _ask(TAX, dataset, question, "city-planning/population", subjects=0)
    assert decision.permit
    assert decision.question is not None
    assert decision.question.statistic is not None
    product = 1
    for group in decision.question.statistic.group_by:
        product *= len(group.values)
    assert product == cells


def test_a_town_learns_of_its_own_residents_only() -> None:
    town = RequestingDepartment(TAX, "441900003", "town", suspended=False)
    request = Request(
        town,
        "medical-insurance",
        "is-enrolled",
        (),
        frozenset(),
        "social-insurance/medical",
        "",
        "g-1",
        1,
        SUNDAY_NIGHT,
    )
    grant = replace(GRANT, dataset="medical-insurance", questions=frozenset({"is-enrolled"}))
    decision = decide(POLICIES, lambda _: grant, request, CALENDAR)
    assert (decision.permit, decision.rule, decision.region) == (True, "town-own-residents", "441900003")
    elsewhere = replace(grant, region="441900004")
    assert decide(POLICIES, lambda _: elsewhere, request, CALENDAR).clause == "scope"


def test_a_diploma_is_not_pieced_together_by_three_questions() -> None:
    questions = POLICIES.datasets["diploma"].questions
    guarded = {name for name, question in questions.items() if question.combinations}
    assert guarded == {"degree-is", "graduation-year", "certificate-masked"}

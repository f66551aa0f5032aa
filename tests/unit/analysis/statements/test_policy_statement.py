"""Claims about the sentences that a head of department signs: all that decides is in them, and no more."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.places import ROOT
from support.policy_changes import CHANGES, POLICY, changed
from support.policy_samples import CALENDAR, HUMAN_RESOURCES, MEDICAL, MONDAY, TAX

from node.analysis.diff.diff import difference
from node.analysis.noise import accuracy_95
from node.analysis.statements.statement import statement_of
from node.cli.policy.explain_cmd import statement_lines
from node.cli.policy.files import read_files
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.question import Statistic
from node.core.reading.build import build_policies
from node.texts.wording import LANGUAGES, use_language

DEFINITIONS: dict[str, Any] = {
    "purposes": {
        "social-insurance": {"title": "社会保险", "title_en": "Social insurance"},
        "social-insurance/pension": {"title": "养老保险", "title_en": "Pension insurance"},
        "social-insurance/medical": {"title": "医疗保险", "title_en": "Medical insurance"},
    },
    "departments": {"health": {"title": "医保", "title_en": "Medical", "departments": [MEDICAL]}},
}


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    use_language(request.param)
    return str(request.param)


def built(policy: Mapping[str, Any], definitions: Mapping[str, Any] | None = DEFINITIONS) -> Policies:
    files = [PolicyFile("p.yaml", json.dumps(policy, ensure_ascii=False).encode())]
    if definitions is not None:
        files.append(PolicyFile("definitions.yaml", json.dumps(definitions, ensure_ascii=False).encode()))
    return build_policies(files)


def allowing(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy with a rule more, that allows every question: what nobody may ask is only named."""
    questions = policy.get("questions", {})
    if not questions:
        return policy
    rest = {"id": "rest", "allow": list(questions), "to": {"levels": ["town"]}, "for": ["social-insurance"]}
    return policy | {"rules": [*policy["rules"], rest]}


def said(policies: Policies, names: Mapping[str, str] | None = None) -> str:
    (policy,) = policies.datasets.values()
    return "\n".join(statement_lines(statement_of(policies, policy, names)))


def test_every_part_of_a_policy_is_said(lang: str) -> None:
    unsaid = [path for path in CHANGES if len({said(built(allowing(each))) for each in changed(path)}) == 1]
    # The other language has a title of its own.
    assert unsaid == [path for path in unsaid if path.endswith("title" if lang == "en" else "title_en")]


def test_titles_are_said_in_the_language_spoken(lang: str) -> None:
    title, other = ("养老", "Pensions") if lang == "zh" else ("Pensions", "养老")
    policy = copy.deepcopy(POLICY) | {"title": "养老", "title_en": "Pensions"}
    text = said(built(policy))
    assert title in text
    assert other not in text


@examples(40)
@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4))
def test_what_decides_otherwise_is_said_otherwise(paths: set[str]) -> None:
    """Whatever `policy diff` finds to mean something else reads as something else."""
    after = copy.deepcopy(POLICY)
    for path in sorted(paths):
        try:
            before, one = changed(path)
            if before == POLICY:
                key = path.split(".")[0]
                after[key] = one[key]
        except KeyError:
            continue
    try:
        policies = built(allowing(after)), built(allowing(POLICY))
    except Exception:  # changes that do not go together
        return
    if policies[0].datasets.keys() != policies[1].datasets.keys():
        return
    use_language("en")
    if not difference(*policies, CALENDAR, MONDAY.date()).equal:
        assert said(policies[0]) != said(policies[1])


@pytest.mark.parametrize(
    "edit",
    [
        lambda purposes: purposes.update(
            {"social-insurance/pension/late": {"title": "补缴", "title_en": "Late"}}
        ),
        lambda purposes: purposes.pop("social-insurance/medical"),
        lambda purposes: purposes.update({"social-insurance": {"title": "社保", "title_en": "Insurance"}}),
    ],
)
def test_what_a_purpose_covers_is_said(edit: Callable[[dict[str, Any]], object]) -> None:
    use_language("zh")
    definitions = copy.deepcopy(DEFINITIONS)
    edit(definitions["purposes"])
    assert said(built(POLICY, definitions)) != said(built(POLICY))
    assert said(built(POLICY, None)) != said(built(POLICY))


def test_the_departments_of_a_group_are_said(lang: str) -> None:
    policy = copy.deepcopy(POLICY)
    policy["rules"][0]["to"] = {"groups": ["offices"]}
    texts = set()
    for departments in ([TAX], [TAX, MEDICAL], [MEDICAL]):
        group = {"title": "窗口", "title_en": "Offices", "departments": departments}
        text = said(built(policy, DEFINITIONS | {"departments": {"offices": group}}))
        assert all(code in text for code in departments)
        texts.add(text)
    assert len(texts) == 3


def test_departments_are_named_where_a_directory_is_given(lang: str) -> None:
    text = said(built(POLICY), {TAX: "东莞市税务局"})
    assert "东莞市税务局" in text
    assert ("not in the directory" if lang == "en" else "名录中没有该部门") in text
    assert HUMAN_RESOURCES in text


def test_what_may_not_be_learned_with_another_dataset_is_said(lang: str) -> None:
    other = POLICY | {"dataset": "diploma", "rules": POLICY["rules"][1:], "forbidden_together": []}
    forbidden = {
        "id": "profile-of-two",
        "questions": ["pension-insurance/town", "diploma/is-enrolled"],
        "within_days": 90,
    }
    definitions = DEFINITIONS | {"forbidden_together": [forbidden]}
    parts = {"p.yaml": POLICY, "d.yaml": other, "definitions.yaml": definitions}
    policies = build_policies(
        [PolicyFile(name, json.dumps(part, ensure_ascii=False).encode()) for name, part in parts.items()]
    )
    for name, named in (("pension-insurance", "diploma/is-enrolled"), ("diploma", "pension-insurance/town")):
        text = "\n".join(statement_lines(statement_of(policies, policies.datasets[name])))
        assert named in text
        assert "profile-of-two" in text
        assert "90" in text


def test_every_example_is_said_whole(lang: str) -> None:
    policies = build_policies(read_files([ROOT / "policies"]))
    for policy in policies.datasets.values():
        text = "\n".join(statement_lines(statement_of(policies, policy)))
        assert "{" not in text
        assert all(f"{rule.id}]" in text or f"{rule.id}】" in text for rule in policy.rules)
        assert all(name in text for name in (*policy.questions, *policy.dataset.fields))


def test_the_order_of_rules_is_said(lang: str) -> None:
    turned = copy.deepcopy(POLICY)
    turned["rules"].reverse()
    assert said(built(turned)) != said(built(POLICY))


def test_nothing_is_said_that_the_policy_does_not_hold() -> None:
    """A rule without conditions has none in its sentence; every number said is one of the policy."""
    use_language("en")
    bare = copy.deepcopy(POLICY)
    bare["rules"] = [bare["rules"][1]]
    for key in ("forbidden_together", "privacy"):
        del bare[key]
    del bare["questions"]["by-region"]
    text = said(built(bare))
    for words in ("working days", "at most", "until", "case number", "own region", "budget", "together"):
        assert words not in text.split("What holds for every request")[0]
    numbers = set(re.findall(r"(?<![\d.])\d[\d,]*(?:\.\d+)?", re.sub(r"^\d+\. ", "", text, flags=re.M)))
    known = set(re.findall(r"\d+", json.dumps(bare))) | {"4"}
    assert {number.replace(",", "") for number in numbers} - known == set()


def test_what_is_not_shared_can_be_learned_by_nobody(lang: str) -> None:
    _, closed = changed("sharing.reason")
    text = said(built(closed))
    assert closed["sharing"]["reason"] in text
    assert closed["sharing"]["legal_basis"] in text
    assert ("Nobody may learn anything" if lang == "en" else "均不得得知本数据集的任何内容") in text
    assert TAX not in text


def test_fields_and_questions_that_nobody_reaches_are_named() -> None:
    use_language("en")
    policy = copy.deepcopy(POLICY)
    policy["rules"][0]["allow"] = ["is-enrolled"]
    policies = built(policy)
    statement = statement_of(policies, policies.datasets["pension-insurance"])
    (section,) = [each for each in statement.sections if each.key == "nobody"]
    unread, hidden, others = (sentence.text for sentence in section.sentences)
    assert "“Status”" not in unread
    assert "“Name”" in unread
    assert hidden.endswith("“Status”.")
    assert "month-band" in others
    assert "Enrolled?" not in others


CONDITIONS = {
    "status = 'active' AND NOT (months < 60 OR months >= 600)": (
        "“Status” is “active” and it is not so that "
        "(“Months paid” is less than 60 or “Months paid” is at least 600)"
    ),
    "status IN ('active', 'paused')": "“Status” is one of “active” or “paused”",
    "status NOT IN ('active')": "“Status” is none of “active”",
    "months BETWEEN 60 AND 120": "“Months paid” lies from 60 to 120, both included",
    "months NOT BETWEEN 60 AND 120": "“Months paid” does not lie from 60 to 120",
    "months > -1": "“Months paid” is more than -1",
    "months <> 60": "“Months paid” is other than 60",
    "on < '2026-01-01'": "“Enrolled on” is before “2026-01-01”",
    "on <= '2026-01-01'": "“Enrolled on” is on or before “2026-01-01”",
    "on > '2026-01-01'": "“Enrolled on” is after “2026-01-01”",
    "on >= '2026-01-01'": "“Enrolled on” is on or after “2026-01-01”",
    "on IS NULL": "“Enrolled on” is empty",
    "on IS NOT NULL": "“Enrolled on” is filled",
    "region = birthplace": "“Enrolled in” is “Born in”",
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_are_put_into_words(condition: str) -> None:
    use_language("en")
    policy = copy.deepcopy(POLICY)
    policy["questions"]["is-enrolled"] = {"title": "是否", "title_en": "Is it so?", "verify": condition}
    sentence = f"“Is it so?” (is-enrolled): “yes”, if {CONDITIONS[condition]}; otherwise “not verified”."
    assert sentence in said(built(policy))


@pytest.mark.parametrize(
    ("times", "epsilon"), [(1, 500_000), (1, 10_000_000), (3, 100_000), (1000, 1), (2, 1_500_000)]
)
def test_the_noise_is_as_large_as_said(times: int, epsilon: int) -> None:
    from node.privacy.mechanism import release

    assert accuracy_95(Statistic((), None, times, epsilon)) == release([0], times, epsilon).accuracy_95


def test_questions_of_one_title_are_told_apart_by_their_names() -> None:
    use_language("zh")
    policy = copy.deepcopy(POLICY)
    for name in ("is-enrolled", "town"):
        policy["questions"][name]["title"] = "同名"
    assert "（1）“同名”（is-enrolled）（仅答“是”或“未核实到”）" in said(built(policy))

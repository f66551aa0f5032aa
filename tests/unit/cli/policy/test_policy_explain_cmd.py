"""`dxnode policy explain`: what a head of department signs, and why one request is decided as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.bundles import LI, WANG, sign_draft
from support.cli_run import Ran, dxnode
from support.policy_samples import GRANT, MEDICAL, POLICY, TAX

from node.cli.terminal.output import as_json
from node.core.deciding.grant import GrantState
from node.core.policy.policy import PolicyFile
from node.crypto.signing import read_note
from node.texts.wording import LANGUAGES

PURPOSES = """\
purposes:
  social-insurance: {title: 社会保险, title_en: Social insurance}
  social-insurance/pension: {title: 养老, title_en: Pension insurance}
  social-insurance/pension/deferral: {title: 延缴, title_en: Deferred contributions}
"""
OFFICE = ("--purpose", "social-insurance/pension", "--case", "DG-2026", "--at", "2026-11-23T10:00")
DEFERRAL = ("--purpose", "social-insurance/pension/deferral", "--at", "2026-11-23T10:00")


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with one policy and the purposes."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "pension.yaml").write_text(POLICY, "utf-8")
    (folder / "definitions.yaml").write_text(PURPOSES, "utf-8")
    return folder


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


def explain(policies: Path, *args: str | Path, lang: str = "en") -> Ran:
    return dxnode("policy", "explain", "pension-insurance", *args, "--policies", policies, "--lang", lang)


def edit(policies: Path, old: str, new: str) -> None:
    path = policies / "pension.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_dataset_is_explained_in_sentences_with_digests_and_a_line_to_sign(
    policies: Path, lang: str
) -> None:
    ran = explain(policies, lang=lang)
    assert ran.code == 0
    text = (policies / "pension.yaml").read_bytes()
    assert PolicyFile("", text).digest.hex() in ran.out
    last = ran.out.splitlines()[-1]
    assert ("Signature: ___" if lang == "en" else "签字（盖章）：___") in last
    assert ("Where several rules" if lang == "en" else "一次查询符合多条规则") in ran.out
    assert ("departments are told by their codes" if lang == "en" else "部门以代码表示") in ran.err


def test_the_sentences_are_there_for_programs(policies: Path, lang: str) -> None:
    document = json.loads(explain(policies, "--json", lang=lang).out)
    assert document["dataset"] == "pension-insurance"
    keys = ["about", "fields", "rules", "purposes", "questions", "budget", "nobody", "always"]
    assert [section["key"] for section in document["sections"]] == keys
    rules = document["sections"][2]["sentences"]
    assert [sentence["about"] for sentence in rules] == ["tax-deferral", "office", "", ""]
    assert len(rules[0]["parts"]) == 3
    assert document["bundle"] is None


def test_the_bundle_is_named_when_the_files_are_those_that_were_signed(policies: Path, lang: str) -> None:
    sign_draft(policies, version=7)
    body = read_note((policies / "bundle.note").read_bytes(), [LI.verifier, WANG.verifier]).body
    digest = PolicyFile("", body).digest.hex()
    assert digest in explain(policies, lang=lang).out
    assert json.loads(explain(policies, "--json").out)["bundle"] == {"version": 7, "digest": digest}
    edit(policies, "per_day: 5000", "per_day: 5001")
    changed = explain(policies, lang=lang)
    assert digest not in changed.out
    assert "bundle.note" in changed.err


def test_departments_have_the_names_of_the_directory(policies: Path, tmp_path: Path, lang: str) -> None:
    hr = tmp_path / "hr"
    assert dxnode("init", hr, "--dev-authority", tmp_path / "authority").code == 0
    ran = explain(policies, "--config", hr / "node.yaml", lang=lang)
    assert "东莞市人力资源和社会保障局" in ran.out
    assert "by their codes" not in ran.err
    vkey = (tmp_path / "authority" / "authority.vkey").read_text("utf-8").strip()
    directory = tmp_path / "authority" / "directory.note"
    assert explain(policies, "--directory", directory, "--authority-key", vkey, lang=lang).out == ran.out
    assert explain(policies, "--directory", directory).code == 2
    other = LI.verifier.vkey()
    assert explain(policies, "--directory", directory, "--authority-key", other).code == 5


def test_holiday_file_of_the_node_counts_in_what_is_decided(policies: Path, tmp_path: Path) -> None:
    assert dxnode("init", tmp_path / "hr", "--dev-authority", tmp_path / "authority").code == 0
    config = tmp_path / "hr" / "node.yaml"
    (tmp_path / "hr" / "holidays.yaml").write_text("days_off:\n  2026-11-23: 台风停工\n", "utf-8")
    asked = ("is-enrolled", "--requester", TAX, *OFFICE, "--json", "--config", config)
    assert json.loads(explain(policies, *asked).out)["permit"]
    config.write_text(config.read_text("utf-8") + "holidays: holidays.yaml\n", "utf-8")
    assert json.loads(explain(policies, *asked).out)["clause"] == "when.workdays"


def test_a_dataset_that_there_is_not_is_told(policies: Path, lang: str) -> None:
    ran = dxnode("policy", "explain", "pension-insurence", "--policies", policies, "--lang", lang)
    assert ran.code == 2
    assert "pension-insurance" in ran.err


@pytest.mark.parametrize(
    "args", [("--requester", TAX), ("is-enrolled",), ("is-enrolled", "--requester", TAX), ("--grant", "g")]
)
def test_half_a_request_is_a_wrong_command_line(policies: Path, args: tuple[str, ...], lang: str) -> None:
    ran = explain(policies, *args, lang=lang)
    assert (ran.code, ran.out) == (2, "")


def test_mistakes_in_policies_are_told_in_the_language_spoken(policies: Path, lang: str) -> None:
    edit(policies, "update: daily", "update: dayly")
    ran = explain(policies, lang=lang)
    assert ran.code == 2
    assert "pension.yaml:6:9" in ran.err
    assert ("is not one of the values" in ran.err) is (lang == "en")
    assert "详情" not in ran.err


def test_what_is_supposed_is_said(policies: Path, lang: str) -> None:
    args = ("is-enrolled", "--requester", TAX, *DEFERRAL)
    supposed = json.loads(explain(policies, *args, "--json", lang=lang).out)["supposed"]
    assert [
        option for each in supposed for option in ("--grant", "--region", "--level") if option in each
    ] == [
        "--grant",
        "--region",
        "--level",
    ]
    given = explain(policies, *args, "--region", "441900", "--level", "town", "--json").out
    assert len(json.loads(given)["supposed"]) == 1
    text = explain(policies, *args, lang=lang).out
    assert all(each in text for each in supposed)


def test_a_real_grant_is_taken_from_a_file(policies: Path, tmp_path: Path, lang: str) -> None:
    file = tmp_path / "grant.json"
    file.write_text(as_json(GRANT), "utf-8")
    args = ("is-enrolled", "--grant", str(file), *DEFERRAL, "--json")
    permit = json.loads(explain(policies, *args, lang=lang).out)
    assert (permit["permit"], permit["rule"]) == (True, "tax-deferral")
    assert not any("--grant" in each for each in permit["supposed"])
    file.write_text(as_json(replace(GRANT, state=GrantState.SUSPENDED, subjects_per_day=9)), "utf-8")
    denial = json.loads(explain(policies, *args, lang=lang).out)
    assert (denial["permit"], denial["clause"]) == (False, "grant.suspended")
    until = datetime(2026, 11, 1, tzinfo=UTC)
    file.write_text(as_json(replace(GRANT, valid_until=until)), "utf-8")
    assert json.loads(explain(policies, *args).out)["clause"] == "grant.validity"


@pytest.mark.parametrize("given", ["grant.json", "./grant", "g-1"])
def test_a_grant_that_can_be_found_nowhere_is_told(
    policies: Path, given: str, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = explain(policies, "is-enrolled", "--grant", given, *DEFERRAL, lang=lang)
    assert ran.code == 2
    assert "--json" in ran.err
    assert ("--config" in ran.err) is (given == "g-1")
    assert ("--desk" in ran.err, "详情" in ran.err) == (False, False)


def test_a_grant_of_another_department_is_none(policies: Path, tmp_path: Path) -> None:
    file = tmp_path / "grant.json"
    file.write_text(as_json(GRANT), "utf-8")
    args = ("is-enrolled", "--grant", str(file), "--requester", MEDICAL, *DEFERRAL, "--json")
    assert json.loads(explain(policies, *args).out)["clause"] == "grant.exists"


@pytest.mark.parametrize("content", ["", "{}", "[]", "x" * 100, '{"id": 1}'])
def test_a_file_that_holds_no_grant_is_told(policies: Path, tmp_path: Path, content: str, lang: str) -> None:
    file = tmp_path / "grant.json"
    file.write_text(content, "utf-8")
    ran = explain(policies, "is-enrolled", "--grant", str(file), *DEFERRAL, lang=lang)
    assert (ran.code, ran.out) == (2, "")
    assert "dxnode grant show" in ran.err
    assert "详情" not in ran.err


def test_all_that_would_have_to_change_is_listed_for_the_closest_rule(policies: Path) -> None:
    args = ("is-enrolled", "--requester", TAX, "--purpose", "social-insurance/pension")
    text = explain(policies, *args, "--at", "2026-11-22T20:00").out.splitlines()
    assert text[0] == "deny: a condition for asking does not hold now (CONDITION_NOT_MET)"
    assert text[1] == "for a permit by the rule 'office', the closest one, all of this would have to change:"
    assert text[2:5] == [
        "  1. the rule 'office' needs a case number of the form DG-####",
        "  2. the rule 'office' holds on working days only: ask on the next one",
        "  3. the rule 'office' holds from 08:30-17:30 only: ask within these hours",
    ]
    assert "rule office: does not fit, but comes closest" in text


def test_checks_before_the_rules_are_among_what_would_have_to_change(policies: Path, tmp_path: Path) -> None:
    file = tmp_path / "grant.json"
    grant = replace(GRANT, questions=frozenset({"months-at-least"}), purposes=("tax",))
    file.write_text(as_json(grant), "utf-8")
    args = ("is-enrolled", "--grant", str(file), "--purpose", "social-insurance/pension", "--json")
    found = json.loads(explain(policies, *args, "--at", "2026-11-22T10:00", "--case", "DG-2026").out)
    assert found["clause"] == "grant.questions"
    assert found["closest"] == "office"
    assert len(found["changes"]) == 3
    assert "working days" in found["changes"][2]


def test_what_is_missing_before_any_rule_is_listed_without_one(policies: Path, lang: str) -> None:
    args = ("is-enroled", "--requester", TAX, "--purpose", "tax")
    ran = explain(policies, *args, lang=lang)
    told = "before any rule, all of this" if lang == "en" else "在看规则之前，以下各项均须改变"
    assert ran.out.splitlines()[1].startswith(told)
    assert ran.out.splitlines()[3].startswith("  2. ")


def test_a_question_that_no_rule_allows_is_told(policies: Path, lang: str) -> None:
    edit(policies, "months-at-least, ", "")
    args = ("months-at-least", "--param", "n=60", "--requester", TAX, *DEFERRAL)
    ran = explain(policies, *args, lang=lang)
    assert (
        "no rule allows this question" if lang == "en" else "没有规则允许这个问题"
    ) in ran.out.splitlines()[1]


def test_dates_and_own_area_are_told_in_words(policies: Path, lang: str) -> None:
    edit(
        policies,
        "for: [social-insurance/pension]\n",
        "for: [social-insurance/pension]\n    scope: own-region\n    effective: {from: 2027-01-01}\n",
    )
    ran = explain(policies, "is-enrolled", "--requester", MEDICAL, *OFFICE, lang=lang)
    if lang == "zh":
        assert "from:" not in ran.out
        assert "自 2027-01-01" in ran.out
        assert "own-region" not in ran.out
    else:
        assert "from 2027-01-01" in ran.out


def test_what_is_counted_only_when_asked_is_listed(policies: Path, lang: str) -> None:
    with (policies / "pension.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "forbidden_together:\n  - {id: both, questions: [name-matches, is-enrolled], within_days: 30}\n"
        )
    args = ("name-matches", "--claim", "name", "--requester", TAX, *DEFERRAL)
    counted = json.loads(explain(policies, *args, "--json", lang=lang).out)["counted"]
    assert len(counted) == 3
    assert "5,000" in counted[0]
    assert "is-enrolled" in counted[2]
    statistic = ("enrolled-by-region", "--requester", TAX, *DEFERRAL, "--json")
    assert "0.5" in json.loads(explain(policies, *statistic, lang=lang).out)["counted"][-1]
    denied = explain(policies, "is-enrolled", "--requester", MEDICAL, *DEFERRAL, "--json")
    assert json.loads(denied.out)["counted"] == []


def test_names_of_the_directory_stand_in_an_explanation(policies: Path, tmp_path: Path) -> None:
    hr = tmp_path / "hr"
    assert dxnode("init", hr, "--dev-authority", tmp_path / "authority").code == 0
    own = ("--requester", "11441900000000019Y", "--config", str(hr / "node.yaml"))
    ran = explain(policies, "is-enrolled", *own, *OFFICE)
    assert "东莞市人力资源和社会保障局 (11441900000000019Y)" in ran.out
    assert "the whole country" not in ran.out

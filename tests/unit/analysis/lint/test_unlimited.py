"""Rules that give personal data without a bound are warned of, and others are not."""

from __future__ import annotations

from datetime import date

import pytest
from support.policy_samples import NOT_SHARED, POLICY, SHARING, rule

from node.analysis.lint.lint import lint
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.text.problem import Problem

TODAY = date(2026, 11, 23)
BOUNDED = "limits: {per_day: 5, per_subject_per_day: 2}"
TAX = "to: {departments: [11441900000000035L]}"
KEYS = {"lint.limit-day-missing", "lint.limit-subject-missing", "lint.requester-any", "lint.purpose-any"}
PURPOSES = PolicyFile(
    "definitions.yaml",
    b"purposes:\n  tax: {title: x, title_en: x}\n  tax/refund: {title: x, title_en: x}\n"
    b"  fee: {title: x, title_en: x}\n",
)


def _found(body: str, whole: str = "") -> list[Problem]:
    files = [PolicyFile("p.yaml", (whole or rule(f"id: r, {body}")).encode()), PURPOSES]
    checked = check_files(files)
    assert not checked.problems, [each.render("en") for each in checked.problems]
    return [each for each in lint(files, checked, TODAY) if each.key in KEYS]


def _keys(body: str) -> list[str]:
    return sorted(each.key.removeprefix("lint.") for each in _found(body))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("", ["limit-day-missing", "limit-subject-missing"]),
        (", limits: {per_day: 5}", ["limit-subject-missing"]),
        (", limits: {per_subject_per_day: 2}", ["limit-day-missing"]),
        (f", {BOUNDED}", []),
    ],
)
def test_a_rule_on_personal_data_needs_a_limit_for_a_day_and_one_for_a_subject(
    limits: str, expected: list[str]
) -> None:
    assert _keys(f"allow: [is-enrolled], {TAX}, for: [tax]{limits}") == expected


@pytest.mark.parametrize(
    ("to", "anybody"),
    [
        ("{any: true}", True),
        ("{levels: [national, province, city, county, town]}", True),
        ("{regions: ['000000']}", True),
        ("{levels: [city]}", False),
        ("{regions: [441900]}", False),
        ("{departments: [11441900000000035L]}", False),
        ("{departments: [11441900000000035L], regions: ['000000']}", False),
    ],
)
def test_a_rule_that_everybody_fits_is_told_however_it_is_written(to: str, anybody: bool) -> None:
    expected = ["requester-any"] if anybody else []
    assert _keys(f"allow: [is-enrolled], to: {to}, for: [tax], {BOUNDED}") == expected


@pytest.mark.parametrize(
    ("purposes", "everything"),
    [("[tax, fee]", True), ("[tax]", False), ("[tax/refund, fee]", False), ("[fee, tax, tax/refund]", True)],
)
def test_a_rule_for_every_purpose_is_told(purposes: str, everything: bool) -> None:
    expected = ["purpose-any"] if everything else []
    assert _keys(f"allow: [is-enrolled], {TAX}, for: {purposes}, {BOUNDED}") == expected


def test_a_rule_of_statistics_alone_is_held_by_its_budget() -> None:
    assert _keys("allow: [enrolled-by-region], to: {any: true}, for: [tax, fee]") == []
    mixed = "allow: [enrolled-by-region, is-enrolled], to: {any: true}, for: [tax]"
    assert "limit-day-missing" in _keys(mixed)


def test_a_limit_on_what_is_shared_unconditionally_would_be_a_condition() -> None:
    open_ = rule("id: r, allow: [is-enrolled], to: {any: true}, for: [tax]")
    assert _found("", open_)
    unconditional = open_.replace(SHARING, "{attribute: unconditional, modes: [interface]}")
    assert _found("", unconditional) == []


def test_data_about_organisations_alone_need_no_such_limits() -> None:
    text = rule("id: r, allow: [is-enrolled], to: {any: true}, for: [tax]")
    companies = text.replace("type: resident_id}", "type: credit_code}").replace(
        "personal: true", "personal: false"
    )
    assert _found("", companies) == []


def test_what_is_not_shared_has_no_rules_to_warn_of() -> None:
    head = POLICY.partition("questions:")[0].replace(SHARING, NOT_SHARED)
    assert _found("", head) == []


def test_each_is_accepted_with_a_reason_and_stays_listed() -> None:
    text = (
        rule("id: r, allow: [is-enrolled], to: {any: true}, for: [tax, fee]")
        + "accepted:\n"
        + "".join(
            f"  - {{warning: {key.removeprefix('lint.')}, at: rules/r, because: 演示}}\n"
            for key in sorted(KEYS)
        )
    )
    found = _found("", text)
    assert {each.key for each in found} == KEYS
    assert all(each.because == "演示" for each in found)
    assert all("{" not in each.render("zh") + each.render("en") for each in found)

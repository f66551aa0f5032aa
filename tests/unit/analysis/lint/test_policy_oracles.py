"""Claims about what one requester works out from several questions, over all the rules that fit it."""

from __future__ import annotations

from datetime import date

import pytest
from support.policy_samples import HEAD, MEDICAL, TAX, keys
from support.work import work_of_at_most

from node.analysis.lint import asked as policy_lint_asked
from node.analysis.lint.lint import lint
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.text.problem import Problem

TODAY = date(2026, 11, 23)
ANY = "{any: true}"
TAX_ONLY, MEDICAL_ONLY = (f"{{departments: [{code}]}}" for code in (TAX, MEDICAL))
STEP_12 = "field: months_paid, as: {generalise: {step: 12}}"
UP_TO, BELOW = 'verify: "months_paid <= 60"', 'verify: "months_paid < 60"'


def _lint(
    questions: dict[str, str], *rules: tuple[str, str], more: str = "", head: str = HEAD
) -> list[Problem]:
    """The findings about oracles; a rule is what it allows, and to whom."""
    asked = "".join(f"  {name}: {{{body}, title: q, title_en: q}}\n" for name, body in questions.items())
    text = f"{head}questions:\n{asked}"
    text += "rules:\n"
    for number, (allow, to) in enumerate(rules):
        text += f"  - {{id: r{number}, allow: [{allow}], to: {to}, for: [tax]}}\n"
    files = [PolicyFile("p.yaml", (text + more).encode())]
    checked = check_files(files)
    assert not [each.render("en") for each in checked.problems]
    return [each for each in lint(files, checked, TODAY) if each.key.startswith("lint.oracle-")]


def _told(found: list[Problem]) -> list[tuple[str, str, str]]:
    args = [dict(each.args) for each in found]
    return [
        (each.key, about["field"], about.get("questions", ""))
        for each, about in zip(found, args, strict=True)
    ]


def _of_one_rule(**bodies: str) -> list[tuple[str, str, str]]:
    return _told(_lint(bodies, (", ".join(bodies), ANY)))


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (UP_TO, BELOW, "months_paid"),
        (UP_TO, 'verify: "months_paid < 61"', ""),  # the same question twice
        (UP_TO, 'verify: "months_paid < 62"', "months_paid"),  # 61 lies alone
        (UP_TO, 'verify: "months_paid < 63"', ""),
        # The ends of the range, 0 and 720.
        ('verify: "months_paid < 2"', 'verify: "months_paid < 3"', "months_paid"),
        ('verify: "months_paid >= 719"', 'verify: "months_paid < 30"', ""),
        # Bands and multiples of a step cut as thresholds do.
        (UP_TO, "field: months_paid, as: {band: [0, 60, 120, 720]}", "months_paid"),
        (UP_TO, "field: months_paid, as: {band: [0, 61, 120, 720]}", ""),
        ('verify: "months_paid < 25"', STEP_12, "months_paid"),
        ('verify: "months_paid < 24"', STEP_12, ""),
        (STEP_12, "field: months_paid, as: {generalise: {step: 18}}", ""),
        (STEP_12, "field: months_paid, as: {generalise: {step: 7}}", "months_paid"),
        # Dates: a year, and a day of it.
        ("verify: \"born_on < '2000-01-02'\"", "field: born_on, as: {year_of: true}", "born_on"),
        ("verify: \"born_on < '2000-01-03'\"", "field: born_on, as: {year_of: true}", ""),
        # Closed values: each of the three is told from the others.
        ("verify: \"status = 'active'\"", "verify: \"status = 'paused'\"", "status"),
        ("verify: \"status = 'active'\"", "verify: \"status <> 'active'\"", ""),
        ("verify: \"status = 'active'\"", "verify: \"status IN ('active', 'paused')\"", "status"),
        ("verify: \"status = 'active'\"", "verify: \"status IN ('ended', 'paused')\"", ""),
        ("verify: \"status = 'active'\"", "verify: \"status = :s\", parameters: {s: {choices: [ended]}}",
         "status"),
        # Nothing in common.
        (UP_TO, "verify: \"status = 'active'\"", ""),
        (UP_TO, "field: months_paid, as: {exists: true}", ""),
    ],
)  # fmt: skip
def test_two_questions_that_together_pin_a_value_down(one: str, other: str, field: str) -> None:
    expected = [("lint.oracle-together", field, "p, q")] if field else []
    assert _of_one_rule(p=one, q=other) == expected


def test_only_the_questions_that_it_takes_are_named() -> None:
    idle = 'verify: "months_paid < 300"'
    assert _of_one_rule(a=idle, p=UP_TO, q=BELOW) == [("lint.oracle-together", "months_paid", "p, q")]


def test_what_one_question_tells_alone_is_no_matter_of_several() -> None:
    alone = 'verify: "months_paid >= :n", parameters: {n: {choices: [60, 61]}}'
    assert _told(_lint({"p": UP_TO, "q": alone}, ("p, q", ANY))) == [("lint.oracle-pins", "months_paid", "")]


@pytest.mark.parametrize(
    ("first", "second", "who"),
    [
        (ANY, ANY, "any"),
        (TAX_ONLY, ANY, f"departments: {TAX}"),
        (TAX_ONLY, TAX_ONLY, f"departments: {TAX}"),
        (TAX_ONLY, MEDICAL_ONLY, ""),
        ("{levels: [city]}", "{levels: [city, town]}", "levels: city"),
        ("{levels: [city]}", "{levels: [town]}", ""),
        ("{regions: [441900]}", "{regions: [441900003]}", "regions: 441900003"),
        ("{regions: [441900]}", "{regions: [441800]}", ""),
        # Whether the tax department is one of a town, the directory alone could tell.
        (TAX_ONLY, "{levels: [town]}", f"departments: {TAX}"),
    ],
)
def test_several_rules_are_weighed_together_for_whoever_fits_them_all(
    first: str, second: str, who: str
) -> None:
    found = _lint({"p": UP_TO, "q": BELOW}, ("p", first), ("q", second))
    assert _told(found) == ([("lint.oracle-across", "months_paid", "p, q")] if who else [])
    if who:
        assert dict(found[0].args)["who"] == who
        assert (dict(found[0].args)["rules"], found[0].article) == ("r0, r1", 25)


@pytest.mark.parametrize(
    ("narrowest", "bodies", "expected"),
    [
        (12, {"p": UP_TO, "q": 'verify: "months_paid < 73"'}, []),
        (12, {"p": UP_TO, "q": 'verify: "months_paid < 72"'}, ["p, q"]),
        (13, {"p": STEP_12}, ["p"]),
        (12, {"p": "field: months_paid, as: {band: [0, 12, 24, 720]}"}, []),
        (13, {"p": "field: months_paid, as: {band: [0, 12, 24, 720]}"}, ["p"]),
        (30, {"p": 'verify: "months_paid >= :n", parameters: {n: {choices: [60, 90]}}'}, []),
        (31, {"p": 'verify: "months_paid >= :n", parameters: {n: {choices: [60, 90]}}'}, ["p"]),
    ],
)
def test_a_field_can_state_how_close_nobody_may_come(
    narrowest: int, bodies: dict[str, str], expected: list[str]
) -> None:
    head = HEAD.replace("range: [0, 720]", f"range: [0, 720], narrowest: {narrowest}")
    found = _lint(bodies, (", ".join(bodies), ANY), head=head)
    assert _told(found) == [("lint.oracle-narrow", "months_paid", questions) for questions in expected]
    assert all(dict(each.args)["narrowest"] == str(narrowest) for each in found)


def test_only_numbers_and_days_have_neighbours() -> None:
    assert keys(HEAD.replace("type: text}", "type: text, narrowest: 5}")) == ["field.narrowest-type"]


GUARD = "forbidden_together: [{id: g, questions: [p, q], within_days: 30}]\n"


def test_what_the_linkage_guard_keeps_apart_is_no_oracle() -> None:
    both = ("p, q", ANY)
    assert _lint({"p": UP_TO, "q": BELOW}, both, more=GUARD) == []
    # A third question takes the place of one of the two.
    other = {"p": UP_TO, "q": BELOW, "r": 'verify: "months_paid >= 60"'}
    assert _told(_lint(other, ("p, q, r", ANY), more=GUARD)) == [
        ("lint.oracle-together", "months_paid", "p, r")
    ]
    wider = GUARD.replace("}]", "}, {id: h, questions: [p, r], within_days: 30}]")
    assert _lint(other, ("p, q, r", ANY), more=wider) == []


def test_a_rule_that_has_ended_adds_nothing() -> None:
    ended = ANY + ", effective: {until: 2026-11-22}"
    assert _lint({"p": UP_TO, "q": BELOW}, ("p", ANY), ("q", ended)) == []


def test_what_may_leave_plain_is_no_secret() -> None:
    text = {"p": UP_TO.replace("months_paid", "months_paid"), "q": BELOW}
    assert _lint(text, ("p, q", ANY)) != []
    files = HEAD.replace("level: 3", "level: 2")
    questions = f"questions:\n  p: {{{UP_TO}}}\n  q: {{{BELOW}}}\n"
    rules = "rules:\n  - {id: r, allow: [p, q], to: {any: true}, for: [tax]}\n"
    open_ = [PolicyFile("p.yaml", (files + questions + rules).encode())]
    keys = [each.key for each in lint(open_, check_files(open_), TODAY)]
    assert "lint.oracle-together" not in keys


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('verify: "born_on < joined_on"', "born_on"),
        (STEP_12, "months_paid"),
    ],
)
def test_what_was_not_analysed_is_said(body: str, field: str) -> None:
    text = HEAD.replace("type: integer, range: [0, 720]", "type: integer")
    text += f"questions:\n  q: {{{body}, title: q, title_en: q}}\n"
    text += f"rules:\n  - {{id: r, allow: [q], to: {ANY}, for: [tax]}}\n"
    files = [PolicyFile("p.yaml", text.encode())]
    found = [each for each in lint(files, check_files(files), TODAY) if each.key == "lint.oracle-unknown"]
    assert field in [dict(each.args)["field"] for each in found]


def test_too_many_requesters_end_in_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_lint_asked, "MAX_REQUESTERS", 1)
    found = _lint({"p": UP_TO, "q": BELOW}, ("p", TAX_ONLY), ("q", MEDICAL_ONLY))
    assert [each.key for each in found] == ["lint.oracle-too-much"]


def test_a_thousand_questions_of_one_requester_are_weighed_in_seconds() -> None:
    edges = [*range(7, 6300, 7), 6294]
    questions = {f"q{number:04}": f'verify: "months_paid < {edge}"' for number, edge in enumerate(edges)}
    pairs = "".join(
        f"  - {{id: g{number}, questions: [q{number:04}, q0899], within_days: 30}}\n" for number in range(90)
    )
    head = HEAD.replace("[0, 720]", "[0, 9000]")
    with work_of_at_most(20):
        found = _lint(questions, (", ".join(questions), ANY), more=f"forbidden_together:\n{pairs}", head=head)
    assert _told(found) == [("lint.oracle-together", "months_paid", "q0898, q0899")]

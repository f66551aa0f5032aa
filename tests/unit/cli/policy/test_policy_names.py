"""Claims about names that mean nothing: said with the one that was probably meant, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cli_run import dxnode
from support.places import POLICIES as EXAMPLES
from support.policy_samples import CLEAN, HEAD, POLICY, REQUEST, TAX, the_problem

from node.cli.policy.names import unknown_names
from node.cli.terminal.exits import Exit
from node.core.policy.policy import PolicyFile
from node.core.policy.request import Request
from node.core.reading.build import build_policies
from node.texts.wording import say

PURPOSES = b"purposes:\n" + b"".join(
    f"  {code}: {{title: x, title_en: x}}\n".encode()
    for code in ("social-insurance", "social-insurance/pension", "social-insurance/pension/deferral")
)
REQUESTER = ["--requester", TAX, "--purpose", "tax/inspection"]
POLICIES = build_policies([PolicyFile("p.yaml", POLICY.encode()), PolicyFile("definitions.yaml", PURPOSES)])


def _said(request: Request) -> list[str]:
    return [say(each.wording, "en") for each in unknown_names(POLICIES, request)]


def test_a_request_that_names_what_there_is_needs_no_guess() -> None:
    assert _said(REQUEST) == []
    assert _said(replace(REQUEST, question="months-at-least", parameters=(("n", "60"),))) == []


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            replace(REQUEST, dataset="pension-insurence"),
            ["there is no dataset 'pension-insurence': did you mean 'pension-insurance'?"],
        ),
        (replace(REQUEST, dataset="zzz"), ["there is no dataset 'zzz': known: pension-insurance"]),
        (
            replace(REQUEST, question="is-enroled"),
            ["the dataset has no question 'is-enroled': did you mean 'is-enrolled'?"],
        ),
        (
            replace(REQUEST, purpose="social-insurance/pension/defferal"),
            [
                "there is no purpose 'social-insurance/pension/defferal': "
                "did you mean 'social-insurance/pension/deferral'?"
            ],
        ),
        (
            replace(REQUEST, question="months-at-least", parameters=(("n", "61"), ("m", "60"))),
            [
                "'61' is no choice of the parameter: known: 60, 120, 180",
                "the question has no parameter 'm': known: n",
            ],
        ),
        (
            replace(REQUEST, question="name-matches", claims=frozenset({"nane"})),
            ["the question has no claim 'nane': did you mean 'name'?"],
        ),
    ],
)
def test_an_unknown_name_is_told_with_the_closest(request_: Request, said: list[str]) -> None:
    assert _said(request_) == said


def test_what_was_typed_is_bounded_and_shows_no_control_characters() -> None:
    (said,) = _said(replace(REQUEST, dataset="\x1b[2J" + "x" * 10_000))
    assert "\x1b" not in said
    assert len(said) < 200


def test_it_is_said_in_chinese_too() -> None:
    (unknown,) = unknown_names(POLICIES, replace(REQUEST, dataset="pension-insurence"))
    assert say(unknown.wording, "zh") == "没有数据集“pension-insurence”：是否想写“pension-insurance”？"


def test_a_region_field_that_there_is_not_is_told_with_the_closest() -> None:
    subject = "subject: {field: resident_id, type: resident_id}"
    found = the_problem(HEAD.replace(subject, subject[:-1] + ", region: regoin}"))
    assert (found.key, found.hint) == ("subject.region", "did you mean 'region'?")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["pension-insurence"], Exit.USAGE),
        (["pension-insurence", "is-enrolled", *REQUESTER], Exit.OK),
        (["pension-insurance", "is-enroled", *REQUESTER], Exit.OK),
        (["pension-insurance", "is-enrolled", *REQUESTER[:2], "--purpose", "tax/inspektion"], Exit.OK),
    ],
)
def test_explain_guesses_what_was_meant(words: list[str], code: Exit) -> None:
    ran = dxnode("policy", "explain", *words, "--policies", str(EXAMPLES))
    assert ran.code == code
    assert "did you mean '" in ran.err
    assert "did you mean" not in ran.out


TITLED = PURPOSES.decode().replace(
    "deferral: {title: x, title_en: x}", "deferral: {title: 养老保险延缴办理, title_en: Deferral}"
)
WITH_TITLES = build_policies(
    [
        PolicyFile("p.yaml", CLEAN.encode()),
        PolicyFile("definitions.yaml", TITLED.encode()),
    ]
)


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ({"purpose": "养老保险　延缴办理"}, "social-insurance/pension/deferral"),
        ({"purpose": "deferral"}, "social-insurance/pension/deferral"),
        ({"dataset": WITH_TITLES.datasets["pension-insurance"].dataset.title}, "pension-insurance"),
        ({"question": "Is-Enrolled"}, "is-enrolled"),
    ],
)
def test_what_is_called_by_its_title_or_in_another_spelling_is_known_by_its_name(
    named: dict[str, str], meant: str
) -> None:
    found = [each.closest for each in unknown_names(WITH_TITLES, replace(REQUEST, **named))]  # type: ignore[arg-type]
    assert found == [meant]

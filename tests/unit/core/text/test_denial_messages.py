"""Claims about what a requester is told of a denial: every clause, in both languages, for its own reason."""

from __future__ import annotations

import pytest

from node.core.deciding.clauses import CHECKS, RULE_CHECKS, Check, RuleCheck
from node.core.deciding.cost import BUDGET_SHORT, SHORT
from node.core.text.denials import DENIAL_CLAUSES, denial_wording
from node.errors import Reason
from node.texts.wording import Language, say


def denial_text(reason: Reason, clause: str, lang: Language) -> str | None:
    wording = denial_wording(reason, clause)
    return None if wording is None else say(wording, lang)


@pytest.mark.parametrize("check", [*CHECKS, *RULE_CHECKS], ids=lambda check: check.name)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_clause_of_a_decision_is_told_for_its_reason(check: Check | RuleCheck, lang: Language) -> None:
    text = denial_text(check.reason, check.name, lang)
    assert text is not None
    assert not text.startswith("denial.")


@pytest.mark.parametrize(("reason", "clause"), [*SHORT.values(), BUDGET_SHORT])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_limit_is_told(reason: Reason, clause: str, lang: Language) -> None:
    text = denial_text(reason, clause, lang)
    assert text is not None
    assert not text.startswith("denial.")


@pytest.mark.parametrize("clause", sorted(DENIAL_CLAUSES))
def test_chinese_is_chinese_and_says_what_to_do_next(clause: str) -> None:
    told = [denial_text(reason, clause, "zh") for reason in Reason]
    [text] = [text for text in told if text is not None]
    assert not text.isascii()
    assert "：" in text


def test_clause_that_could_not_be_looked_at_is_not_said_to_be_wrong() -> None:
    assert denial_text(Reason.INTERNAL, "when.hours", "en") is None


def test_unknown_clause_of_a_newer_node_is_not_told() -> None:
    assert denial_text(Reason.CONDITION_NOT_MET, "when.moon", "zh") is None

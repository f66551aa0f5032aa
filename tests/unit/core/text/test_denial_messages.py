"""Claims about what a requester is told of a denial: every clause, in both languages, for its own reason."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

from node.core import wire
from node.core.deciding.clauses import CHECKS, RULE_CHECKS, Check, RuleCheck
from node.core.deciding.cost import BUDGET_SHORT, SHORT
from node.core.log import merkle, usage
from node.core.messages import intent
from node.core.text.denials import DENIAL_CLAUSES, REQUEST_REASONS, denial_wording
from node.errors import Reason
from node.exchange import opened, provider
from node.texts.wording import Language, say, t


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
    told = [denial_text(reason, clause, "zh") for reason in Reason if reason is not Reason.INTERNAL]
    [text] = [text for text in told if text is not None]
    assert not text.isascii()
    assert "：" in text


@pytest.mark.parametrize("clause", ["when.hours", "request", "", "when.moon"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_deciding_failed_no_clause_is_said_to_be_wrong(clause: str, lang: Language) -> None:
    text = denial_text(Reason.INTERNAL, clause, lang)
    assert text == t("denial.failed.what", lang)


@pytest.mark.parametrize("reason", REQUEST_REASONS, ids=lambda reason: reason.name)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_reason_why_a_request_itself_is_denied_has_its_words(reason: Reason, lang: Language) -> None:
    told = {denial_text(each, "request", lang) for each in REQUEST_REASONS}
    assert denial_text(reason, "request", lang) in told
    assert (len(told), None in told) == (len(REQUEST_REASONS), False)
    assert all(text is not None and (": " in text or "：" in text) for text in told)


@pytest.mark.parametrize("module", [opened, intent, usage, wire, merkle, provider])
def test_what_checks_a_request_gives_no_other_reason(module: ModuleType) -> None:
    """Beside those that are told before the envelope is open, or under a clause of their own."""
    named = {Reason[name] for name in re.findall(r"Reason\.([A-Z_]+)", inspect.getsource(module))}
    otherwise = {Reason.INTERNAL, Reason.LOG_DIFFERS, Reason.PEER_UNAVAILABLE, Reason.RATE_LIMITED}
    assert named - otherwise <= REQUEST_REASONS


def test_unknown_clause_of_a_newer_node_is_not_told() -> None:
    assert denial_text(Reason.CONDITION_NOT_MET, "when.moon", "zh") is None

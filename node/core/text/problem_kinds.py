"""Which problems of policy files there are, how grave they are, and the law behind them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from node.texts.wording import table

# A policy with these is loaded all the same; every other problem keeps it from being loaded.
WARNINGS: Final = frozenset(
    {
        "lint.acceptance-several",
        "lint.acceptance-stale",
        "lint.account-differs",
        "lint.budget-all",
        "lint.budget-choices",
        "lint.budget-order",
        "lint.budget-unused",
        "lint.choice-always",
        "lint.choice-never",
        "lint.combination-idle",
        "lint.combination-misspelled",
        "lint.condition-always",
        "lint.condition-filled",
        "lint.condition-never",
        "lint.department-unknown",
        "lint.file-deeper",
        "lint.file-ending",
        "lint.file-nowhere",
        "lint.limit-day-missing",
        "lint.limit-idle",
        "lint.limit-statistic",
        "lint.limit-subject-missing",
        "lint.limits-overlap",
        "lint.oracle-across",
        "lint.oracle-many",
        "lint.oracle-narrow",
        "lint.oracle-pins",
        "lint.oracle-together",
        "lint.part-always",
        "lint.part-idle",
        "lint.part-never",
        "lint.purpose-any",
        "lint.purpose-covered",
        "lint.question-shadowed",
        "lint.question-unused",
        "lint.requester-any",
        "lint.rule-ended",
        "lint.rule-level",
        "lint.rule-no-workday",
        "lint.rule-nobody",
        "lint.rule-self",
        "lint.rule-shadowed",
        "lint.unconditional",
    }
)
NOTES: Final = frozenset(
    {
        "lint.combination-absent",
        "lint.condition-unknown",
        "lint.domain-open",
        "lint.file-skipped",
        "lint.more",
        "lint.no-purposes",
        "lint.oracle-too-much",
        "lint.oracle-unknown",
        "lint.shadow-unknown",
        "lint.too-much",
    }
)

# The article of Decree 809 that asks for what is missing or wrong.
ARTICLES: Final[Mapping[str, int]] = {
    "classification.secret": 3,
    "classification.personal": 37,
    "not-shared.missing": 15,
    "not-shared.questions": 14,
    "conditional.missing": 15,
    "unconditional.missing": 13,
    "purpose.unknown": 25,
    "rule.to-empty": 15,
    "lint.unconditional": 15,
    "lint.oracle-pins": 25,
    "lint.oracle-many": 25,
    "lint.oracle-together": 25,
    "lint.oracle-across": 25,
    "lint.oracle-narrow": 25,
    "derivation.plain": 37,
}


@cache
def problem_texts(lang: str) -> Mapping[str, tuple[str, str]]:
    """For each kind of problem, what is wrong and how to mend it, with placeholders."""
    texts = table("problem", lang)
    keys = (key.removesuffix(".what") for key in texts if key.endswith(".what"))
    return {key: (texts[f"{key}.what"], texts[f"{key}.hint"]) for key in keys}

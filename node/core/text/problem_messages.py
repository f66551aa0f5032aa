"""What problems of policy files say, in both languages, by key, how grave they are, and the law behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from node.core.text.problem_messages_en import EN
from node.core.text.problem_messages_lint import NOTES_EN, NOTES_ZH, WARNINGS_EN, WARNINGS_ZH
from node.core.text.problem_messages_zh import ZH

Lang = Literal["zh", "en"]
MESSAGES: Mapping[Lang, Mapping[str, tuple[str, str]]] = {
    "en": {**EN, **WARNINGS_EN, **NOTES_EN},
    "zh": {**ZH, **WARNINGS_ZH, **NOTES_ZH},
}
"""Language, then key, to (what is wrong, how to mend it)."""
DID_YOU_MEAN: Mapping[Lang, str] = {"en": "did you mean '{closest}'?", "zh": "是否想写“{closest}”？"}

# A policy with these is loaded all the same; every other problem keeps it from being loaded.
WARNINGS = frozenset(WARNINGS_EN)
NOTES = frozenset(NOTES_EN)

# The article of Decree 809 that asks for what is missing or wrong.
ARTICLES: Mapping[str, int] = {
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

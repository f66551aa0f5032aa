"""What problems of policy files say, in both languages, by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from node.core.problem_messages_en import EN
from node.core.problem_messages_zh import ZH

Lang = Literal["zh", "en"]
MESSAGES: Mapping[Lang, Mapping[str, tuple[str, str]]] = {"en": EN, "zh": ZH}
"""Language, then key, to (what is wrong, how to mend it)."""
DID_YOU_MEAN: Mapping[Lang, str] = {"en": "did you mean '{closest}'?", "zh": "是否想写“{closest}”？"}

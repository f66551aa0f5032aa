"""A verdict that is out of time says by how much the clocks differ, and blames neither."""

from __future__ import annotations

import pytest

from node.core.messages.taken import check_time
from node.errors import NodeError, Reason
from node.texts.wording import say
from node.v1 import record_pb2 as rec

SKEW, NOW = 300_000, 1_800_000_000_000


def at(milliseconds: int) -> rec.UsageRecord:
    return rec.UsageRecord(time_ms=milliseconds)


@pytest.mark.parametrize(("decided", "key"), [(-SKEW - 1_000, "clock-behind"), (SKEW + 1_000, "clock-ahead")])
def test_clocks_that_differ_are_told_by_how_much(decided: int, key: str) -> None:
    with pytest.raises(NodeError) as raised:
        check_time(at(NOW + decided), at(NOW), NOW, SKEW)
    error = raised.value
    assert (error.reason, error.wording.key) == (Reason.CLOCK_SKEWED, f"error.messages.{key}")
    for lang, doubt in (("en", "either may be wrong"), ("zh", "两边都可能有误")):
        said = say(error.wording, lang)
        assert "301" in said
        assert doubt in said
        assert said.index("timedatectl") < said.index(
            {"en": "ask the provider", "zh": "向提供部门核实"}[lang]
        )


@pytest.mark.parametrize("decided", [-SKEW, 0, SKEW])
def test_what_the_setting_allows_is_taken(decided: int) -> None:
    check_time(at(NOW + decided), at(NOW), NOW, SKEW)

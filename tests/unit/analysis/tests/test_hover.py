"""What editors say of policy files: every key is described in Chinese and in English."""

from __future__ import annotations

import json
import re

import pytest

from node.analysis.tests.hover import TABLE_WORDS, table_schema_text
from node.core.reading.format import DefinitionsPart, PolicyPart, schema_text
from node.core.reading.hover import WORDS

SCHEMAS = (schema_text(PolicyPart), schema_text(DefinitionsPart), table_schema_text())


def _described(text: str) -> dict[str, str]:
    schema = json.loads(text)
    parts = {"": schema, **schema.get("$defs", {})}
    return {
        f"{part}.{key}": about.get("description", "")
        for part, shape in parts.items()
        for key, about in shape.get("properties", {}).items()
    }


@pytest.mark.parametrize("text", SCHEMAS, ids=["policy", "definitions", "tables"])
def test_every_key_is_described_in_both_languages(text: str) -> None:
    described = _described(text)
    assert described
    bare = [
        key
        for key, text in described.items()
        if not re.search(r"[\u4e00-\u9fff]{2}", text) or not re.search(r"[a-z]{2}", text)
    ]
    assert bare == []


def test_a_hint_of_an_editor_shows_one_language_after_the_other() -> None:
    assert _described(SCHEMAS[0])["WhenPart.workdays"].split("\n\n") == [
        "仅限工作日；调休上班日算工作日，尚未公布的年份为暂定",
        "only on working days, make-up days included; provisional for years not yet published",
    ]


def test_nothing_is_described_that_is_not_there() -> None:
    roots = {"": ("PolicyPart", "DefinitionsPart", "TablePart")}
    there = {name for text in SCHEMAS for name in _described(text)}
    there |= {f"{root}{name}" for name in there if name.startswith(".") for root in roots[""]}
    words = {*WORDS, *TABLE_WORDS}
    assert {name for name in words if "." in name} <= there

"""What editors say of policy files: every key is described in Chinese and in English."""

from __future__ import annotations

import json
import re

import pytest

from node.core.policy_format import DefinitionsPart, PolicyPart, schema_text

MODELS = (PolicyPart, DefinitionsPart)


def _described(model: type[PolicyPart] | type[DefinitionsPart]) -> dict[str, str]:
    schema = json.loads(schema_text(model))
    parts = {"": schema, **schema.get("$defs", {})}
    return {
        f"{part}.{key}": about.get("description", "")
        for part, shape in parts.items()
        for key, about in shape.get("properties", {}).items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_described_in_both_languages(model: type[PolicyPart] | type[DefinitionsPart]) -> None:
    described = _described(model)
    assert described
    bare = [
        key
        for key, text in described.items()
        if not re.search(r"[\u4e00-\u9fff]{2}", text) or not re.search(r"[a-z]{2}", text)
    ]
    assert bare == []


def test_a_hint_of_an_editor_shows_one_language_after_the_other() -> None:
    assert _described(PolicyPart)["WhenPart.workdays"].split("\n\n") == [
        "仅限工作日；调休上班日算工作日，尚未公布的年份为暂定",
        "only on working days, make-up days included; provisional for years not yet published",
    ]

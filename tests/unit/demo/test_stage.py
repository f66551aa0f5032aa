"""What the demo tells: two languages, plain in a pipe, JSON, and whether all ended well."""

from __future__ import annotations

import io
import json

import pytest

from node.demo.stage import Stage, mask


def test_masked_identifier_keeps_area_and_last_four() -> None:
    assert mask("44199919860923000X") == "441999********000X"


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "副本没有改动"), ("en", "the copy is the same as the log")]
)
def test_stage_speaks_one_language(language: str, told: str) -> None:
    out = io.StringIO()
    stage = Stage(language, out)
    with stage.scene("tampered-log"):
        stage.tell("demo.tampered-log.same")
        stage.good("demo.tampered-log.same")
    assert out.getvalue().count(told) == 2
    assert ("the" in out.getvalue()) is (language == "en")
    assert out.getvalue().isascii() is False


def test_pipe_gets_no_control_characters_and_no_wrapped_lines() -> None:
    out = io.StringIO()
    stage = Stage("en", out)
    with stage.scene("batch"):
        stage.tell("demo.company-opening.value", label="name", value="long " * 60)
        stage.command("dxnode status")
    assert "\x1b" not in out.getvalue()
    assert len(out.getvalue().strip().splitlines()) == 3
    assert out.getvalue().count("long") == 60


def test_failed_expectation_fails_the_demo() -> None:
    stage = Stage("en", io.StringIO())
    with stage.scene("batch"):
        stage.expect(True, "demo.batch.wrong")
    assert stage.end({})
    with stage.scene("proofs"):
        stage.expect(False, "demo.proofs.unmatched")
    assert not stage.end({})


def test_json_holds_facts_and_nothing_else_is_printed() -> None:
    out = io.StringIO()
    stage = Stage("en", out, as_json=True)
    with stage.scene("private-count") as scene:
        stage.tell("demo.private-count.far")
        scene.facts["towns"] = {"石龙镇": 3}
        stage.fail("too few")
    assert not stage.end({"residents": 5})
    told = json.loads(out.getvalue())
    assert told["residents"] == 5
    assert told["ok"] is False
    (scene_told,) = told["scenes"]
    assert scene_told["facts"] == {"towns": {"石龙镇": 3}}
    assert scene_told["failures"] == ["too few"]


def test_commands_to_try_are_not_broken_up() -> None:
    out = io.StringIO()
    Stage("en", out).closing("try", ["dxnode " + "--option value " * 20])
    assert len(out.getvalue().strip().splitlines()) == 2

"""Mistakes in node.yaml: for people in either language with their place, for programs by key."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.cli_run import dxnode

from node.texts.message import Message
from node.texts.wording import can_say

MISTAKES = """\
department: {code: 123, title: " x", region: "99", level: hamlet}
authority: x
exchange: {listen: a, advertise: b, foo: 1, certificat: x}
desk: {reflection: "true"}
limits: {concurrent: 0, batch_chunks: 99999999, message_bytes: abc}
timezone: Mars
roles: {clerk: {questions: [], purposes: [A]}, system: {questions: [x]}, officer: {questions: x}}
sources: {a: {csv: x, parquet: y}, B: {csv: x}, c: {url: "postgresql://u:p@h/d"}, d: {url_env: X}, e: 3}
"""


def test_every_mistake_in_the_settings_is_told_in_chinese_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    chinese = dxnode("config", "check", file, "--lang", "zh").out.splitlines()
    english = dxnode("config", "check", file).out.splitlines()
    assert len(chinese) == len(english) >= 20
    for line, other in zip(chinese, english, strict=True):
        place = line.split(": ", 1)[0]
        assert re.fullmatch(rf"{re.escape(str(file))}:\d+:\d+", place)
        assert other.startswith(place)
        assert re.search("[\u4e00-\u9fff]", line), other
        assert not re.search("[\u4e00-\u9fff]", other)
        assert not re.search(r"must|should|is not|unknown", line)


def test_a_command_tells_the_first_mistakes_in_the_language_spoken_and_how_many_more(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    refused = dxnode("status", "--config", file, "--lang", "zh").err
    assert f"{file}:1:" in refused
    assert re.search("另有 [0-9]+ 处", refused)
    assert not re.search(" must | is missing| needs ", refused)


def test_mistakes_as_json_have_key_and_arguments(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    found = json.loads(dxnode("config", "check", file, "--json").out)
    for each in found:
        assert each["message"]
        assert can_say(Message(each["key"], each["args"]))
    keys = {each["setting"]: each["key"] for each in found}
    assert keys["limits.concurrent"] == "setting.problem.least"
    assert keys["exchange.certificat"] == "setting.problem.meant"
    assert next(each for each in found if each["setting"] == "limits.concurrent")["args"]["least"] == 1

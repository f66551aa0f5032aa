"""Times, digests and ids are written in one place of the command line, and so in one way."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import node.cli
from node.cli.terminal.output import as_json, last_day, plain, when, when_ms
from node.texts.message import Message
from node.texts.wording import say, worded

MOMENT = datetime(2026, 12, 23, 4, 26, 40, tzinfo=UTC)
WRITES = {"isoformat", "strftime", "ctime", "b64encode", "MessageToDict", "MessageToJson"}
"""What would write a time, or bytes, in a way of its own."""
APART = {("diff_report.py", "isoformat"), ("workbook_process.py", "isoformat")}
"""An example's time, which has its offset; what stands in the cells of a workbook, which is data."""


def test_no_command_writes_times_or_bytes_in_a_way_of_its_own() -> None:
    found = {
        (path.name, name)
        for path in Path(next(iter(node.cli.__path__))).rglob("*.py")
        if path.name != "output.py"
        for each in ast.walk(ast.parse(path.read_text("utf-8")))
        if (name := getattr(each, "attr", getattr(each, "id", ""))) in WRITES
    }
    assert found - APART == set()


@pytest.mark.parametrize("zone_hours", [0, 8, -5])
def test_a_time_has_chinas_offset_wherever_it_comes_from(zone_hours: int) -> None:
    from datetime import timezone

    moment = MOMENT.astimezone(timezone(timedelta(hours=zone_hours)))
    assert when(moment) == "2026-12-23 12:26:40+08:00"
    assert plain(moment) == "2026-12-23T12:26:40+08:00"
    assert worded(moment) == "2026-12-23 12:26:40+08:00"
    assert last_day(moment) == "2026-12-23 12:26:40+08:00"
    assert when_ms(int(moment.timestamp() * 1000)) == "2026-12-23 12:26:40+08:00"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_time_within_a_text_is_written_like_the_others(lang: str) -> None:
    message = Message("error.directory.expired", {"at": MOMENT})
    assert "2026-12-23 12:26:40+08:00" in say(message, lang)
    assert plain(message.args) == {"at": "2026-12-23T12:26:40+08:00"}


def test_bytes_are_hexadecimal() -> None:
    assert as_json({"digest": b"\x00\xff"}) == '{\n  "digest": "00ff"\n}\n'

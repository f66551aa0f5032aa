"""What is wrong on the machine of a node is told when it starts, and in its status."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from support.running import Running, pension_town
from support.told import all_english
from support.town import HR

from node.store import driver


def test_sqlite_that_can_corrupt_is_told_at_start_and_in_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = "database: SQLite 3.51.2 can corrupt the node's database"
    here = Running(pension_town(tmp_path))
    try:
        with caplog.at_level(logging.WARNING):
            here.start(HR)
            with here.operator(HR) as hr:
                whole = hr.admin.status()
                monkeypatch.setattr(driver, "VERSION", "3.51.2")
                weak = hr.admin.status()
            assert told not in caplog.text
            here.stop(HR)
            here.start(HR)
            assert told in caplog.text
        assert (whole.state, whole.problems) == ("SERVING", ())
        assert (weak.state, weak.sqlite) == ("DEGRADED", "3.51.2")
        assert weak.problems[0].message.startswith(told)
    finally:
        here.close()


def test_folder_with_keys_that_others_can_enter_is_told_at_start_and_in_status(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    town = pension_town(tmp_path)
    folder = town.offices[HR].folder
    here = Running(town)
    try:
        for name in ("keys", "tls"):
            (folder / name).chmod(0o755)
        with caplog.at_level(logging.WARNING):
            here.start(HR)
        with here.operator(HR) as hr:
            told = all_english(hr.admin.status().problems)
            assert [name in each for name, each in zip(("keys", "tls"), told, strict=True)] == [True, True]
            assert all("mode 755" in each for each in told)
            assert all(each in caplog.text for each in told)
            for name in ("keys", "tls"):
                (folder / name).chmod(0o700)
            assert hr.admin.status().problems == ()
    finally:
        here.close()

"""The check of locked packages fails on what was never checked, on licences, and on known weaknesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scripts import packages as module
from scripts.packages import (
    DEV,
    NOTICE,
    RUN,
    TABLE,
    Package,
    Table,
    main,
    notice,
    pins,
    problems,
    read_advisories,
    read_table,
    rendered,
    updated,
    weaknesses,
)

DAY = date(2026, 11, 30)
ROW = Package("some", "1.2.3", "MIT", DAY)


def table(*packages: Package) -> Table:
    rows = packages or (ROW,)
    return Table(
        frozenset({"MIT", "Zlib"}), frozenset({"MPL-2.0"}), "x", DAY, {each.name: each for each in rows}
    )


def test_every_locked_package_of_this_project_is_checked_and_allowed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check"]) == 0, capsys.readouterr().out


def test_both_lock_files_are_looked_at() -> None:
    run, dev = pins(RUN.read_text("utf-8")), pins(DEV.read_text("utf-8"))
    assert {"grpcio", "apsw", "cryptography"} <= run.keys()
    assert {"ruff", "psycopg-binary"} <= dev.keys() - run.keys()
    assert pins(RUN.read_text("utf-8"), DEV.read_text("utf-8")) == {**run, **dev}


@pytest.mark.parametrize(
    ("locked", "row", "said"),
    [
        ({"some": "1.2.4"}, ROW, "not the version that was checked"),
        ({"some": "1.2.3", "new": "1"}, ROW, "new 1: is not the version"),
        ({}, ROW, "is not locked"),
        ({"some": "1.2.3"}, replace(ROW, licence="AGPL-3.0-only"), "AGPL-3.0-only is not allowed"),
        ({"some": "1.2.3"}, replace(ROW, licence="MIT AND GPL-2.0-only"), "is not allowed"),
        ({"some": "1.2.3"}, replace(ROW, licence="unknown"), "is not allowed"),
        ({"some": "1.2.3"}, replace(ROW, licence="MPL-2.0"), "say why"),
        ({"some": "1.2.3"}, replace(ROW, weak=("PYSEC-2026-1",)), "PYSEC-2026-1"),
    ],
)
def test_check_fails_when_it_should(locked: Mapping[str, str], row: Package, said: str) -> None:
    assert any(said in each or "not locked" in each for each in problems(table(row), locked))


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        replace(ROW, licence="GPL-2.0-only OR MIT"),
        replace(ROW, licence="MIT AND Zlib"),
        replace(ROW, licence="MPL-2.0", why="tests alone"),
        replace(ROW, weak=("PYSEC-2026-1",), accepted="the part that is weak is not used"),
    ],
)
def test_check_passes_what_is_allowed(row: Package) -> None:
    assert problems(table(row), {"some": "1.2.3"}) == []


def _other_version(text: str) -> str:
    return text.replace('grpcio = { version = "', 'grpcio = { version = "0.', 1)


def _weak(text: str) -> str:
    return text.replace("\nalembic = { ", '\nalembic = { weak = ["PYSEC-1"], ', 1)


def _copyleft(text: str) -> str:
    return text.replace('licence = "Apache-2.0"', 'licence = "AGPL-3.0-only"', 1)


@pytest.mark.parametrize("change", [_other_version, _weak, _copyleft])
def test_command_fails_on_a_table_that_says_so(
    change: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = TABLE.read_text("utf-8")
    changed = tmp_path / "packages.toml"
    changed.write_text(change(text), "utf-8")
    assert changed.read_text("utf-8") != text
    monkeypatch.setattr(module, "TABLE", changed)
    assert main(["check"]) == 1
    assert capsys.readouterr().out.strip()


def test_notice_that_is_not_what_the_table_says_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = tmp_path / "NOTICE"
    stale.write_text(NOTICE.read_text("utf-8").replace("apsw", "apws"), "utf-8")
    monkeypatch.setattr(module, "NOTICE", stale)
    assert main(["check"]) == 1


def test_notice_names_what_runs_with_its_licence() -> None:
    said = notice(table(ROW, Package("tool", "1", "MIT", DAY)), ["some"])
    assert "  some  MIT" in said
    assert "tool" not in said


# --- advisories ---


def advisory(*events: Mapping[str, str], **more: object) -> Mapping[str, object]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": "PyPI", "name": "Some"}, "ranges": ranges}
    return {"id": "PYSEC-1", "affected": [affected | more]}


@pytest.mark.parametrize(
    ("events", "concerned"),
    [
        ([{"introduced": "0"}, {"fixed": "1.2.4"}], True),
        ([{"introduced": "0"}, {"fixed": "1.2.3"}], False),
        ([{"introduced": "0"}], True),
        ([{"introduced": "1.10"}], False),
        ([{"introduced": "0"}, {"last_affected": "1.2.3"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.2.2"}], False),
        ([{"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "1.2"}, {"fixed": "1.2.5"}], True),
        ([{"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "1.3"}], False),
        ([{"introduced": "0"}, {"fixed": "no version"}], True),
        ([], False),
    ],
)
def test_advisory_concerns_the_versions_in_its_ranges(
    events: list[Mapping[str, str]], concerned: bool
) -> None:
    assert bool(weaknesses([advisory(*events)], "some", "1.2.3")) is concerned


def test_advisory_concerns_the_versions_that_it_lists_and_no_other_package() -> None:
    listed = advisory(versions=["1.2.3"])
    assert weaknesses([listed], "some", "1.2.3") == ("PYSEC-1",)
    assert weaknesses([listed], "some", "1.2.4") == ()
    assert weaknesses([listed], "other", "1.2.3") == ()
    assert weaknesses([{**listed, "withdrawn": "2026-01-01"}], "some", "1.2.3") == ()
    assert weaknesses([{"id": "PYSEC-2", "affected": [{"package": "odd"}]}], "some", "1.2.3") == ()


def test_update_takes_weaknesses_from_a_folder_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "vulns" / "Some"
    folder.mkdir(parents=True)
    (folder / "PYSEC-1.yaml").write_text(
        "id: PYSEC-1\naffected:\n- package: {ecosystem: PyPI, name: some}\n"
        "  ranges:\n  - {type: ECOSYSTEM, events: [{introduced: '0'}, {fixed: 2.0.0}]}\n"
    )
    locked = {"some": "1.2.3"}
    before = table(replace(ROW, licence="MPL-2.0", why="tests alone"))
    after = updated(before, locked, read_advisories(tmp_path, locked), DAY)
    assert after.packages["some"] == replace(before.packages["some"], weak=("PYSEC-1",))
    assert any("PYSEC-1" in each for each in problems(after, locked))
    fine = updated(after, {"some": "2.0.0"}, read_advisories(tmp_path, ["some"]), DAY)
    assert fine.packages["some"].weak == ()


def test_table_is_read_as_it_was_written() -> None:
    text = TABLE.read_text("utf-8")
    assert rendered(read_table(text), text) == text

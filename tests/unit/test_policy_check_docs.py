"""The page on what the check of policies says names every warning, note and group of errors, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.places import ROOT

from node.core.text.problem_kinds import NOTES, WARNINGS, problem_texts

PAGES = [ROOT / "docs" / name for name in ("policy-check.md", "policy-check.zh-CN.md")]


def _tables(page: Path) -> list[set[str]]:
    """What the first column of each of its tables names, of those that name something."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", page.read_text("utf-8"), re.MULTILINE):
        rows = [row.split("|")[1] for row in table.splitlines()[2:]]
        found.append({name for row in rows for name in re.findall(r"`([a-z-]+)`", row)})
    return [names for names in found if names]


def _short(keys: frozenset[str]) -> set[str]:
    return {key.removeprefix("lint.") for key in keys}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_names_every_warning_note_and_group_of_errors_and_no_other(page: Path) -> None:
    warnings, notes, errors = _tables(page)
    assert warnings == _short(WARNINGS)
    assert notes == _short(NOTES)
    assert errors == {key.partition(".")[0] for key in problem_texts("en").keys() - WARNINGS - NOTES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_says_what_it_means(page: Path) -> None:
    for row in re.findall(r"^\| `.*$", page.read_text("utf-8"), re.MULTILINE):
        assert all(cell.strip() for cell in row.strip("|").split("|")), row

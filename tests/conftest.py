"""The tiers of the tests: which tests each run leaves out, and that it says so.

`quick` is for between two edits, `usual` for every commit, `full` for before a change lands; `beyond` is what
`full` adds to `usual`: the tests that only it holds, and all examples of each property. What only the full
tier holds has a smaller test in the usual one.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from support.examples import load_profile

pytest_plugins = ("support.fixtures",)

TIERS: Final = ("quick", "usual", "full", "beyond")
_FOLDERS_OF_PROCESSES: Final = ("integration", "faults", "promises")
_HERE: Final = Path(__file__).parent
_LEFT_OUT: Counter[str] = Counter()
_OWN_FOLDER: Final = pytest.StashKey[str]()
_FAILED: Final = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=TIERS, default="full", help="which tests to run; by default all")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None and "PYTEST_XDIST_WORKER" not in os.environ:
        # The path of a Unix socket has 107 bytes at most, and pytest's own folders are numbered on and on.
        config.option.basetemp = tempfile.mkdtemp(prefix="dx-")
        config.stash[_OWN_FOLDER] = config.option.basetemp
    gc.disable()  # until all tests are collected: they stay, and looking for waste in them takes long
    config.addinivalue_line("markers", "full(why): only in the full tier, because it takes long")
    config.addinivalue_line("markers", "slow(why): not in the quick tier")
    load_profile(config.getoption("--tier"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick tier does not even read the files of real nodes and processes."""
    if config.getoption("--tier") != "quick" or collection_path.parent != _HERE:
        return None
    if collection_path.name not in _FOLDERS_OF_PROCESSES:
        return None
    files = len(list(collection_path.rglob("test_*.py")))
    _LEFT_OUT[f"files of tests in {collection_path.name}: real nodes and processes: scripts/test"] = files
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tier = config.getoption("--tier")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        why = _why_left_out(item, tier)
        if why:
            _LEFT_OUT[f"tests: {why}"] += 1
        (left_out if why else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def _why_left_out(item: pytest.Item, tier: str) -> str:
    full, slow = item.get_closest_marker("full"), item.get_closest_marker("slow")
    if tier == "beyond":
        return "" if full or _has_examples(item) else "the usual tier runs them: scripts/test"
    if full and tier != "full":
        return f"{_reason(full)}: scripts/test --full"
    if tier == "quick" and slow:
        return f"{_reason(slow)}: scripts/test"
    return ""


def _has_examples(item: pytest.Item) -> bool:
    """Whether it is a property, which is tried on more examples in the full tier."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def _reason(mark: pytest.Mark) -> str:
    return str(mark.args[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[_FAILED] = bool(session.testsfailed)
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = dict(_LEFT_OUT)


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the processes that ran the tests have ended; what failed may be looked at, so it is kept."""
    if _OWN_FOLDER in config.stash and not config.stash.get(_FAILED, False):
        shutil.rmtree(config.stash[_OWN_FOLDER], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Each process collects the same tests, so what one left out is what all did."""
    output: dict[str, dict[str, int]] = getattr(node, "workeroutput", {})
    _LEFT_OUT.update({why: count for why, count in output.get("left_out", {}).items() if not _LEFT_OUT[why]})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = {why: count for why, count in _LEFT_OUT.items() if count}
    if left_out:
        terminalreporter.section("left out")
        for why, count in sorted(left_out.items()):
            terminalreporter.line(f"{count} {why}")

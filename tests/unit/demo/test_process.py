"""Claims about node processes: one that crashed at its start is started once more, and no oftener."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from node.demo import process as module
from node.demo.process import NodeProcess


def _script(folder: Path, monkeypatch: pytest.MonkeyPatch, ending: signal.Signals) -> Path:
    starts = folder / "starts"
    script = folder / "serve"
    script.write_text(f'#!/bin/sh\necho start >> "{starts}"\nkill -{ending.value} $$\n')
    script.chmod(0o700)
    monkeypatch.setattr(module, "DXNODE", (str(script),))
    return starts


@pytest.mark.parametrize(("ending", "starts"), [(signal.SIGSEGV, 2), (signal.SIGKILL, 1)])
def test_only_a_crash_is_started_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: signal.Signals, starts: int
) -> None:
    started = _script(tmp_path, monkeypatch, ending)
    node = NodeProcess(tmp_path / "node.yaml", tmp_path / "no.sock", tmp_path / "out.log")
    node.start()
    with pytest.raises(RuntimeError, match="did not start"):
        node.wait_until_healthy(20)
    assert started.read_text().count("start") == starts

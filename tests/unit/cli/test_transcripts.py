"""Transcripts: what `dxnode` says, word by word, at a small working desk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.cli_run import dxnode, follow
from support.fake_catalogue import PROVIDER
from support.fake_desk import FakeDesk, resident, serving
from support.plain_log import make_log, make_refused_log

from node.errors import NodeError, Reason
from node.texts.message import Message

TITLE = "东莞市人力资源和社会保障局"
TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
ON_SCREEN = sorted((Path(__file__).parent / "transcripts" / "screen").glob("*.txt"))

# What the desk of a transcript is like, by the transcript's name.
DESKS = {
    "denied": FakeDesk(
        fail_with=NodeError(
            Reason.CONDITION_NOT_MET, "denial.when.hours.what", rule="tax-deferral", clause="when.hours"
        )
    ),
    "log": FakeDesk(leaves=make_log(5)),
    "lost": FakeDesk(
        fail_with=NodeError(Reason.TIMEOUT, "error.rpc.peer-too-slow", peer=PROVIDER, peer_title=TITLE)
    ),
    "meant": FakeDesk(strict=True),
    "refused": FakeDesk(leaves=make_refused_log()),
    "values": FakeDesk(
        fail_with=NodeError(
            Reason.QUERY_INVALID, "denial.question.parameters.what", clause="question.parameters"
        )
    ),
    "outage": FakeDesk(
        fail_with=NodeError(
            Reason.SOURCE_UNAVAILABLE,
            "denial.source.locked.told",
            rule="tax-deferral",
            clause="source.locked",
            decided_by="provider",
            charge=Message("denial.charge.free"),
        )
    ),
}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript_is_what_is_said(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_desk(path, tmp_path, monkeypatch, {})


@pytest.mark.parametrize("path", ON_SCREEN, ids=lambda path: path.stem)
def test_transcript_is_what_a_screen_of_80_columns_shows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.cli.terminal.output.is_screen", lambda: True)
    at_a_desk(path, tmp_path, monkeypatch, {"COLUMNS": "80"})


def at_a_desk(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str]) -> None:
    monkeypatch.chdir(folder)
    (folder / "subject.txt").write_text(f"{resident(2)}\nname=张三\n", "utf-8")
    with serving(DESKS.get(path.stem, FakeDesk()), folder) as address:
        desk = {"DXNODE_DESK": address, **env}
        follow(path, lambda step: dxnode(*step.arguments(), stdin=step.stdin, env=desk))

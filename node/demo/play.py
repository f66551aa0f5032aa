"""Builds a city, plays the scenes, says whether each ended as it should."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import FrameType

from node.demo import approval, evidence, scenes
from node.demo.city import City, build_city
from node.demo.departments import DEPARTMENTS
from node.demo.scenes import DEFERRAL, ELIGIBLE, Play
from node.demo.shipped import make_empty
from node.demo.stage import Stage
from node.errors import NodeError
from node.texts.wording import detect_language, sentences

SCENES = (
    scenes.deferral,
    scenes.denied_purpose,
    scenes.company_opening,
    scenes.recruitment,
    scenes.private_count,
    approval.four_eyes,
    evidence.batch,
    evidence.tampered_log,
    evidence.what_logs_prove,
)


def perform(stage: Stage, folder: Path | None, residents: int, *, keep: bool) -> bool:
    """Play every scene in a city of its own; return whether each ended as it should.

    Raises NodeError(CONFIG_INVALID) when a file cannot be written or `folder` holds something,
    RuntimeError when a node does not start, KeyboardInterrupt on a signal that asks to end.
    """
    with ExitStack() as cleanup:
        for number in (signal.SIGTERM, signal.SIGHUP):
            cleanup.callback(signal.signal, number, signal.signal(number, _interrupt))
        where = _folder(folder, keep=keep, cleanup=cleanup)
        return _play(stage, where, residents, keep=keep, cleanup=cleanup)


def _play(stage: Stage, folder: Path, residents: int, *, keep: bool, cleanup: ExitStack) -> bool:
    city = _set_up(stage, folder, residents, cleanup)
    play = Play(stage, city, city.registers, datetime.now(UTC).date())
    began = monotonic()
    for scene in SCENES:
        try:
            scene(play)
        except (NodeError, subprocess.TimeoutExpired) as error:
            stage.fail(str(error))
    if not keep:
        _stop(stage, city)
    evidence.left_behind(play)
    seconds = round(monotonic() - began, 1)
    ended_well = stage.end(
        {"residents": residents, "seconds": seconds, "folder": str(folder) if keep else ""}
    )
    if keep:
        _suggest(stage, play)
        with suppress(KeyboardInterrupt):
            signal.pause()
    return ended_well


def _set_up(stage: Stage, folder: Path, residents: int, cleanup: ExitStack) -> City:
    with stage.scene("set-up") as scene:
        stage.tell("demo.set-up.made", residents=residents)
        with stage.busy("demo.set-up.wait"):
            city = build_city(folder, residents)
            cleanup.enter_context(city)
            grants = city.issue_grants(datetime.now(UTC))
        for each in DEPARTMENTS:
            with city.node(each.name).operator() as desk:
                status = desk.admin.status()
            stage.expect(
                not status.problems,
                "demo.set-up.problems",
                department=each.title(stage.language),
                problems=sentences(
                    (problem.text(stage.language) for problem in status.problems), stage.language
                ),
            )
            for data in status.datasets:
                stage.tell(
                    "demo.set-up.loaded",
                    department=each.title(stage.language),
                    dataset=data.dataset,
                    rows=data.rows,
                    invalid=data.invalid_subjects,
                    duplicates=data.duplicates,
                )
                scene.facts[data.dataset] = data.rows
        stage.good("demo.set-up.ready", grants=grants)
        scene.facts["grants"] = grants
    return city


def _stop(stage: Stage, city: City) -> None:
    ended = city.stop()
    for name, code in ended.items():
        if code != 0:
            stage.fail(stage.word("demo.node-ended", name=name, code=str(code)))


def _suggest(stage: Stage, play: Play) -> None:
    """Commands to try while the nodes run."""
    subject = evidence.subject_file(play.city.folder)
    subject.write_text(play.registers.cast.deferrable.resident_id + "\n", "ascii")
    program = Path(sys.executable).with_name("dxnode")
    dxnode = str(program) if program.exists() else "dxnode"
    spoken = detect_language(os.environ) == stage.language
    language = [] if spoken else [f"export DXNODE_LANG={stage.language}"]
    stage.closing(
        stage.word("demo.nodes-stay"),
        [
            f"cd {play.city.folder}",
            *language,
            f"{dxnode} status --config human-resources/node.yaml",
            f"{dxnode} catalogue list --config market-regulation/node.yaml",
            f"{dxnode} grant list --config human-resources/node.yaml",
            f"{dxnode} verify {ELIGIBLE} --purpose {DEFERRAL} --case {play.case(9)} "
            f"--subject-from {subject.name} --config tax/node.yaml",
            f"{dxnode} log show --config tax/node.yaml",
        ],
    )


def _folder(given: Path | None, *, keep: bool, cleanup: ExitStack) -> Path:
    """A new folder that goes away at the end, unless it was named or is to be kept."""
    if given is not None:
        make_empty(given, 0o700)
        return given.resolve()
    folder = Path(tempfile.mkdtemp(prefix="dxnode-")).resolve()
    if not keep:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

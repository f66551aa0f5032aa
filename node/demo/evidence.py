"""The scenes of the demo that use the command line: a batch, and what the usage logs prove."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

from node.cli.terminal.exits import Exit
from node.core.log.usage import parse_record
from node.demo.command import dxnode
from node.demo.departments import DEPARTMENTS
from node.demo.numbers import old_resident_id
from node.demo.scenes import DEFERRAL, Play, question
from node.demo.traces import find_identifiers

BATCH = 10_000
ALLOWANCE = "social-insurance/maternity/allowance"
TRANSFER = "social-insurance/pension/transfer"


def batch_files(folder: Path) -> tuple[Path, Path]:
    """A caller's list, and the answers to it."""
    return folder / "allowance-list.csv", folder / "allowance-answers.csv"


def subject_file(folder: Path) -> Path:
    """Where the number of a resident stands, to try commands with."""
    return folder / "subject.txt"


def batch(play: Play) -> None:
    """Human Resources checks a list of residents for the maternity allowance in one go."""
    stage, city = play.stage, play.city
    source, target = batch_files(city.folder)
    count = play.registers.write_batch(source, BATCH)
    with stage.scene("batch") as scene:
        stage.tell("demo.batch.asked", count=count)
        began = monotonic()
        ran = dxnode(
            play,
            "batch",
            question("medical-insurance", "medical-insurance", "maternity-covered"),
            source.name,
            target.name,
            *("--subject-column", "resident_id", "--purpose", ALLOWANCE, "--case", f"SY-{play.day:%Y-%m}"),
            caller=(
                city.node("human-resources").desk_address,
                city.node("human-resources").credentials("system"),
            ),
        )
        seconds = monotonic() - began
        if ran.code != Exit.OK:
            stage.fail(stage.word("demo.batch.unfinished"))
            return
        with target.open(encoding="utf-8", newline="") as file:
            answers = {row["resident_id"]: row["answer"] for row in csv.DictReader(file)}
        yes = sum(answer == "yes" for answer in answers.values())
        stage.good(
            "demo.batch.answered", people=len(answers), seconds=seconds, yes=yes, others=len(answers) - yes
        )
        medical = play.registers.datasets["medical-insurance"].readable("resident_id")
        covered = {s for s, row in medical.items() if (row["status"], row["type"]) == ("active", "employee")}
        wrong = sum((answer == "yes") != (subject in covered) for subject, answer in answers.items())
        stage.expect(len(answers) == count and not wrong, "demo.batch.wrong")
        scene.facts |= {"residents": len(answers), "yes": yes, "seconds": round(seconds, 3)}


def tampered_log(play: Play) -> None:
    """Somebody changes the purpose of one use in a copy of a log; verifying it shows that."""
    stage, city = play.stage, play.city
    with stage.scene("tampered-log") as scene:
        stage.tell("demo.tampered-log.copied")
        original, copy = city.folder / "human-resources.log", city.folder / "tampered.log"
        dxnode(play, "log", "export", original.name, "--config", "human-resources/node.yaml", "--force")
        content = original.read_bytes()
        copy.write_bytes(content.replace(DEFERRAL.encode(), TRANSFER.encode(), 1))
        keys = ("--log-key", "human-resources/log.vkey", "--cosign-key", "human-resources/cosign.vkey")
        for path, expected in ((original, Exit.OK), (copy, Exit.INTEGRITY)):
            ran = dxnode(play, "log", "verify", path.name, *keys)
            stage.show(ran.out.splitlines()[:3], "dim")
            if ran.code == Exit.OK:
                stage.good("demo.tampered-log.whole")
            else:
                stage.refused("demo.tampered-log.changed")
            stage.expect(ran.code == expected, "demo.tampered-log.other-result", file=path.name)
            scene.facts[path.name] = "whole" if ran.code == Exit.OK else "broken"
        stage.expect(copy.read_bytes() != content, "demo.tampered-log.same")


def what_logs_prove(play: Play) -> None:
    """Every log is verified offline, and every decision is found again in the log of who asked."""
    stage, city = play.stage, play.city
    logs: dict[str, list[bytes]] = {}
    with stage.scene("proofs") as scene:
        for each in DEPARTMENTS:
            export = f"{each.name}.log"
            config = ("--config", f"{each.name}/node.yaml")
            keys = ("--log-key", f"{each.name}/log.vkey", "--cosign-key", f"{each.name}/cosign.vkey")
            exported = dxnode(play, "log", "export", export, *config, "--force", show=False)
            verified = dxnode(play, "log", "verify", export, *keys, show=False)
            whole = exported.code == Exit.OK and verified.code == Exit.OK
            with city.node(each.name).operator() as desk:
                logs[each.code] = [record.leaf for record in desk.log.records()]
            kinds = Counter(parse_record(leaf).WhichOneof("body") for leaf in logs[each.code])
            if whole:
                stage.good(
                    "demo.proofs.log",
                    department=each.title(stage.language),
                    records=kinds.total(),
                    asked=kinds["intent"],
                    decided=kinds["verdict"],
                )
            stage.expect(whole, "demo.proofs.log-damaged", department=each.title(stage.language))
            scene.facts[each.name] = {str(kind): count for kind, count in kinds.items()}
        decided, matched = _match_decisions(logs)
        stage.tell("demo.proofs.matched", decided=decided, matched=matched)
        stage.expect(decided == matched > 0, "demo.proofs.unmatched")
        scene.facts |= {"decided": decided, "matched": matched}


def _match_decisions(logs: Mapping[str, Sequence[bytes]]) -> tuple[int, int]:
    """How many verdicts the logs (leaves by credit code) hold, and how many fit the requester's intent."""
    decided = matched = 0
    for leaves in logs.values():
        for record in map(parse_record, leaves):
            if record.WhichOneof("body") != "verdict":
                continue
            decided += 1
            asked = logs.get(record.requester, ())
            index = record.verdict.requester_log.index
            matched += index < len(asked) and asked[index] == record.verdict.intent
    return decided, matched


def left_behind(play: Play) -> None:
    """Search all that the nodes have written for the identity number of any resident."""
    stage, city, registers = play.stage, play.city, play.registers
    wanted = {
        *registers.identifiers,
        *(old_resident_id(number) for number in registers.identifiers if number[6:8] == "19"),
        registers.cast.certificate_number,
    }
    with stage.scene("left-behind") as scene:
        skip = [*city.own_data(), *batch_files(city.folder), subject_file(city.folder)]
        traces = find_identifiers(city.folder, wanted, skip)
        for trace in traces[:10]:
            stage.fail(f"{trace.path.relative_to(city.folder)}: {trace.hint}")
        if not traces:
            stage.good("demo.left-behind.searched", count=len(registers.identifiers))
        scene.facts |= {"searched_for": len(wanted), "found": len(traces)}

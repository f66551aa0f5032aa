"""`dxnode batch` between two nodes: killed and gone on with, over a day's limit, with long claims."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.running import (
    BAND,
    CASE,
    DEFERRAL,
    ENROLLED,
    PENSION,
    Running,
    pension_grant,
    pension_town,
    resident,
    running,
)
from support.town import HR, TAX
from support.waiting import PATIENCE, wait_for

from node.core.log.usage import parse_record


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Running]:
    with running(pension_town(tmp_path), HR, TAX) as nodes:
        yield nodes


def people(path: Path, count: int, claim: str = "") -> Path:
    """A list of people of the register, again and again."""
    rows = (f"{number},{resident(number % 500)},{claim}\n" for number in range(count))
    path.write_text("no,id,name\n" + "".join(rows), encoding="utf-8")
    return path


def command(nodes: Running, source: Path, *options: str, question: str = ENROLLED) -> list[str]:
    desk = f"unix:{nodes.town.offices[TAX].socket}"
    target = str(source.with_name("out.csv"))
    asked = ["batch", question, str(source), target, "--purpose", DEFERRAL, "--case", CASE]
    return [*asked, "--desk", desk, *options]


def rows(source: Path) -> list[dict[str, str]]:
    with source.with_name("out.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def charged(nodes: Running) -> tuple[int, list[int]]:
    """For how many subjects the provider charged the rule's day, and the chunks that it answered."""
    verdicts = [each.verdict for each in nodes.records(HR) if each.WhichOneof("body") == "verdict"]
    paid = [each for each in verdicts if any(charge.scope == "rule.day" for charge in each.charges)]
    amount = sum(charge.amount for each in paid for charge in each.charges if charge.scope == "rule.day")
    return amount, sorted(parse_record(each.intent).intent.batch.chunk for each in paid)


def test_batch_that_is_killed_again_and_again_is_charged_once(nodes: Running, tmp_path: Path) -> None:
    nodes.grant()
    source = people(tmp_path / "in.csv", 12_000)
    state = tmp_path / "out.csv.progress"

    def done() -> int:
        try:
            found: int = json.loads(state.read_text())["rows"]
        except (OSError, ValueError):
            return 0
        return found

    def has_come_to(least: int, run: subprocess.Popen[bytes]) -> bool:
        return done() >= least or run.poll() is not None

    environment = {**os.environ, "DXNODE_LANG": "en"}
    arguments = [sys.executable, "-m", "node.cli.main", *command(nodes, source)]
    for at_least in (1000, 5000):
        run = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, env=environment)  # noqa: S603
        wait_for(partial(has_come_to, at_least, run))
        run.kill()
        run.wait(PATIENCE)
    assert dxnode(*command(nodes, source)).code in (0, 2)
    found = rows(source)
    assert [row["no"] for row in found] == [str(number) for number in range(12_000)]
    assert all(row["answer"] == ("no" if int(row["no"]) % 2 else "yes") for row in found)
    assert charged(nodes) == (12_000, list(range(12)))


def test_batch_over_a_days_limit_says_so_and_answers_what_the_day_allows(
    nodes: Running, tmp_path: Path
) -> None:
    nodes.grant(pension_grant(subjects_per_day=70))
    source = people(tmp_path / "in.csv", 150)
    ran = dxnode(*command(nodes, source))
    assert ran.code == 6
    assert "takes 3 days, with up to 70 rows answered today" in ran.err
    assert "70 of 150 rows are done" in ran.err
    ran = dxnode(*command(nodes, source))
    assert ran.code == 6
    assert "70 are used today: that takes 3 days, with up to 0 rows answered today" in ran.err
    assert "70 of 150 rows are done" in ran.err
    assert charged(nodes)[0] == 70


def test_nodes_that_take_the_shortest_messages_and_few_at_once_answer_whole_lists(tmp_path: Path) -> None:
    limits = "limits: {message_bytes: 65536, chunk_subjects: 200}\n"
    with running(pension_town(tmp_path, extra=limits), HR, TAX) as nodes:
        nodes.grant()
        source = people(tmp_path / "in.csv", 450, "某" * 200)
        asked = command(nodes, source, "--claim", "name=name", question=f"{PENSION}/name-matches")
        ran = dxnode(*asked)
        assert ran.code == 0
        assert {(row["answer"], row["reason"]) for row in rows(source)} == {("no", "")}
        assert len({row["exchange_id"] for row in rows(source)}) > 9
        for question in (ENROLLED, BAND):
            assert dxnode(*command(nodes, source, "--force", question=question)).code == 0
            found = rows(source)
            assert {row["reason"] for row in found} == {""}
            assert max(Counter(row["exchange_id"] for row in found).values()) <= 200

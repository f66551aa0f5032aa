"""What other departments wrote is shown, and does nothing to the terminal that shows it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from node.cli.catalogue.text import show_entry, show_hit
from node.cli.terminal.output import Terminal, as_json, report
from node.client.catalogue import CatalogueEntry, catalogue_entry
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb

HOSTILE = "\x1b]0;owned\x07\x9b2J\u202e\rgood"
SPELLED = r"\x1b]0;owned\x07\x9b2J\u202e\rgood"
FORGED = "pension\napproved by the head"


def entry(title: str) -> CatalogueEntry:
    question = pb.Question(name="q", title=title)
    summary = pb.DatasetSummary(dataset="pension", title=title, sharing=pb.SHARING_ATTRIBUTE_CONDITIONAL)
    fields = [pb.Field(name="status", title=title)]
    return catalogue_entry(pb.Dataset(summary=summary, fields=fields, questions=[question]))


def harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.replace("\t", "").split("\n"))


def test_an_entry_of_a_peer_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    show_entry(terminal, entry(HOSTILE))
    show_hit(terminal, entry(HOSTILE))
    terminal.note(HOSTILE)
    terminal.table(["title"], [[HOSTILE]], "none")
    told = capsys.readouterr()
    assert harmless(told.out)
    assert harmless(told.err)
    assert told.out.count(SPELLED) >= 4


def test_a_denial_of_a_peer_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    error = NodeError(Reason.QUOTA_EXHAUSTED, HOSTILE, rule=HOSTILE, clause=HOSTILE)
    report(error, as_json=False)
    report(error, as_json=True)
    told = capsys.readouterr().err
    assert harmless(told)
    assert json.loads(told.splitlines()[-1])["error"]["message"] == HOSTILE


def test_json_means_the_same_and_does_nothing_either() -> None:
    said = as_json({"title": HOSTILE})
    assert harmless(said)
    assert json.loads(said) == {"title": HOSTILE}


UNSEEN = {
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "mongolian vowel separator": "\u180e",
    "left-to-right isolate": "\u2066",
    "right-to-left override": "\u202e",
    "arabic letter mark": "\u061c",
    "tag": "\U000e0041",
    "interlinear annotation": "\ufff9",
    "hangul filler": "\u3164",
    "grapheme joiner": "\u034f",
    "line separator": "\u2028",
}


@pytest.mark.parametrize("unseen", UNSEEN.values(), ids=UNSEEN)
def test_what_nobody_sees_is_spelled_out(unseen: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two titles that look alike are told apart, and nothing turns the direction of a line."""
    title = f"养老{unseen}保险"
    show_entry(Terminal(), entry(title))
    Terminal().note(title)
    Terminal().table(["title"], [[title]], "none")
    report(NodeError(Reason.QUOTA_EXHAUSTED, title, rule=title), as_json=False)
    report(NodeError(Reason.QUOTA_EXHAUSTED, title, rule=title), as_json=True)
    told = capsys.readouterr()
    assert unseen not in told.out + told.err
    assert f"\\{'U' if ord(unseen) > 0xFFFF else 'u' if ord(unseen) > 0xFF else 'x'}" in told.out
    assert json.loads(told.err.splitlines()[-1])["error"]["metadata"]["rule"] == title


@pytest.mark.parametrize("seen", ["养老\u3000保险", "é", "\ue000", "𠮷", "a\u00a0b", "葛\U000e0100"])
def test_what_is_seen_stays_as_it_is(seen: str, capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().note(seen)
    assert capsys.readouterr().err == f"{seen}\n"


def test_a_title_of_two_lines_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_entry(Terminal(), entry(FORGED))
    show_hit(Terminal(), replace(entry(FORGED), imported_from=FORGED))
    assert not [line for line in capsys.readouterr().out.splitlines() if line.startswith("approved by")]


def test_a_cell_of_two_columns_is_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().table(["dataset", "title"], [["a\tunconditional\nb", "c"]], "none")
    assert capsys.readouterr().out == "dataset\ttitle\na unconditional b\tc\n"


def test_brackets_of_a_peer_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, width=200)
    monkeypatch.setattr("rich.console.Console", lambda: console)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    Terminal().table(["title"], [["\\[bold]x[/bold]"], ["[link=http://x.example]y"]], "none")
    told = console.export_text()
    assert "\\[bold]x[/bold]" in told
    assert "[link=http://x.example]y" in told

"""`dxnode log`: see, prove, export and verify the usage log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.options import require_new
from node.cli.terminal.output import Terminal, as_json, when_ms
from node.cli.terminal.session import DeskSession, with_desk, with_terminal
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.text import plain_text
from node.files.why import why
from node.texts.wording import labelled, listing, t

if TYPE_CHECKING:
    from node.cli.log.file import Verified
    from node.core.log.segment import LogFinding
    from node.crypto.signing import Verifier

app = typer.Typer()

_MOST_BYTES = 64 << 20
"""Of a file with a key, a checkpoint or a directory, which is the longest."""

_BEFORE = 1000
"""Records before those shown in which it is looked up what an outcome is of: a page of the log."""

# Below this, the speed of a check says nothing.
FEW = 10_000

ForceOption = Annotated[bool, typer.Option("--force")]
OutFile = Annotated[Path | None, typer.Option("--out", show_default=False)]


@app.command("show")
@with_desk
def show(
    session: DeskSession,
    start: Annotated[int | None, typer.Option("--start", min=0, show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 20,
) -> None:
    """Show records, by default the newest."""
    from node.cli.log.record import COLUMNS, describe, intents_in, lacks_intent, row

    begin = max(0, session.client.log.size() - limit) if start is None else start
    records = list(session.client.log.records(begin, begin + limit))
    leaves = [record.leaf for record in records]
    intents = intents_in(leaves)
    if begin and lacks_intent(leaves, intents):
        before = session.client.log.records(max(0, begin - _BEFORE), begin)
        intents = {**intents_in(record.leaf for record in before), **intents}
    if session.terminal.json:
        session.terminal.document([describe(record.index, record.leaf, intents) for record in records])
        return
    session.terminal.table(
        [t(f"log.{column}") for column in COLUMNS],
        [row(record.index, record.leaf, intents) for record in records],
        t("log.empty"),
    )


@app.command("prove")
@with_desk
def prove(
    session: DeskSession,
    index: Annotated[int | None, typer.Argument(metavar="INDEX", min=0, show_default=False)] = None,
    since: Annotated[Path | None, typer.Option("--since", show_default=False)] = None,
    out: OutFile = None,
    force: ForceOption = False,
) -> None:
    """Prove that a record is in the log, or that the log only grew."""
    from node.cli.log.proof import prove_growth, prove_inclusion

    if out is not None:
        require_new(out, force)
    proved: object
    if index is not None and since is None:
        inclusion = prove_inclusion(session.client.log, index)
        proved, text = inclusion, t("log.included", index=index, size=inclusion.size)
    elif index is None and since is not None:
        growth = prove_growth(session.client.log, _checkpoint(session.terminal, since))
        proved, text = growth, t("log.consistent", first=growth.first, second=growth.second)
    else:
        raise typer.BadParameter(t("usage.kind"))
    session.terminal.result(proved, text)
    if out is not None:
        out.write_text(as_json(proved), "utf-8")
        session.terminal.note(t("log.written", path=out))


@app.command("checkpoint")
@with_desk
def checkpoint(session: DeskSession, out: OutFile = None, force: ForceOption = False) -> None:
    """Print the newest checkpoint, to be kept by someone else."""
    if out is not None:
        require_new(out, force)
    notes = session.client.log.checkpoints()
    if out is not None:
        out.write_bytes(notes.newest)
        session.terminal.note(t("log.written", path=out))
    session.terminal.result(
        {"checkpoint": notes.newest.decode(), "cosigned": notes.cosigned.decode()},
        notes.newest.decode().rstrip(),
    )


@app.command("export")
@with_desk
def export(
    session: DeskSession,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    force: ForceOption = False,
) -> None:
    """Write the whole log to a file."""
    from node.cli.log.file import VERSION, write_export
    from node.cli.log.proof import checkpoint_of
    from node.v1.usage_log_pb2 import LogExport

    require_new(file, force)
    notes = session.client.log.checkpoints()
    newest = checkpoint_of(notes.newest)
    header = LogExport(
        version=VERSION,
        origin=newest.origin,
        size=newest.size,
        checkpoint=notes.newest,
        cosigned_checkpoint=notes.cosigned,
    )
    with session.terminal.progress(t("label.exporting"), newest.size) as ticker:

        def leaves() -> Iterator[bytes]:
            for record in session.client.log.records(0, newest.size):
                yield record.leaf
                ticker.advance(1)

        written = write_export(file, header, leaves())
    session.terminal.result(
        {"file": str(file), "origin": newest.origin, "records": written},
        t("log.exported", records=written, path=file),
    )


@app.command("verify")
@with_terminal
def verify(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)],
    log_key: Annotated[list[str] | None, typer.Option("--log-key", show_default=False)] = None,
    cosign_key: Annotated[list[str] | None, typer.Option("--cosign-key", show_default=False)] = None,
    directory: Annotated[Path | None, typer.Option("--directory", show_default=False)] = None,
    authority_key: Annotated[str, typer.Option("--authority-key", show_default=False)] = "",
    checkpoint: Annotated[list[Path] | None, typer.Option("--checkpoint", show_default=False)] = None,
    seen: Annotated[list[Path] | None, typer.Option("--seen", show_default=False)] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, show_default=False)] = None,
) -> None:
    """Verify a whole exported log with nothing but public keys."""
    from node.cli.log.file import read_header, verify_export
    from node.core.log.seen_file import parse_seen

    try:
        header = read_header(file)
    except OSError as error:
        raise _unreadable(file, error) from error
    log_keys, cosign_keys = _keys(log_key or ()), _keys(cosign_key or ())
    if directory is not None:
        listed = _listed_keys(directory, authority_key, header.origin)
        log_keys += listed[0]
        cosign_keys += listed[1]
    if not log_keys:
        raise typer.BadParameter(t("log.need_key"))
    known = [_checkpoint(terminal, path) for path in checkpoint or ()]
    remembered = [parse_seen(plain_text(_read(path))) for path in seen or ()]
    started = monotonic()
    with terminal.progress(t("log.verifying"), header.size) as ticker:
        verified = verify_export(file, log_keys, cosign_keys, known, ticker.advance, processes, remembered)
    seconds = max(monotonic() - started, 1e-9)
    if terminal.json:
        terminal.document(verified)
    elif verified.report.findings:
        lines = [*map(_finding_line, verified.report.findings), *_seen_lines(verified)]
        terminal.result(verified, t("log.broken"), *lines)
        terminal.note(labelled(t("label.hint"), t("log.broken_next")))
    else:
        terminal.result(verified, *_whole_lines(verified))
        if verified.report.records >= FEW:
            terminal.note(t("log.rate", rate=f"{verified.report.records / seconds:,.0f}"))
    if verified.report.findings:
        raise typer.Exit(Exit.INTEGRITY)


def _whole_lines(verified: Verified) -> list[str]:
    report = verified.report
    lines = [t("log.empty_whole")]
    if report.records:
        first, last = when_ms(report.first_ms), when_ms(report.last_ms)
        lines = [t("log.whole", records=report.records, first=first, last=last)]
    lines.append(t("log.signed", signers=listing(verified.signers)))
    if verified.cosigned is None:
        lines.append(t("log.no_cosign"))
    else:
        lines.append(t("log.cosigned", size=verified.cosigned))
    kinds = listing(f"{t(f'log.{kind}')} {count}" for kind, count in report.kinds)
    if kinds:
        lines.append(kinds)
    for each in report.clock_sets:
        lines.append(
            t(
                "log.clock_set",
                index=each.index,
                earlier=when_ms(each.from_ms),
                later=when_ms(each.to_ms),
                officers=listing(each.approved),
            )
        )
    if report.open_intents:
        lines.append(t("log.open", open=report.open_intents))
    return lines + _seen_lines(verified)


def _seen_lines(verified: Verified) -> list[str]:
    """What each department remembers, and whether the log has it."""
    return [
        t("log.seen_differs", department=each.department, sizes=listing(map(str, each.differing)))
        if each.differing
        else t("log.seen_fits", department=each.department, count=each.checkpoints)
        for each in verified.seen
    ]


def _finding_line(finding: LogFinding) -> str:
    key = "log.one" if finding.first == finding.last else "log.many"
    return t(key, first=finding.first, last=finding.last, fault=t(f"fault.{finding.fault}"))


def _listed_keys(directory: Path, authority_key: str, origin: str) -> tuple[list[Verifier], list[Verifier]]:
    from node.cli.log.file import keys_in_directory
    from node.documents.note_file import whole_note

    if not authority_key:
        raise typer.BadParameter(t("log.need_authority"))
    return keys_in_directory(whole_note(_read(directory), directory), _keys([authority_key])[0], origin)


def _keys(given: Sequence[str]) -> list[Verifier]:
    """Verifier keys, each given as text or as the file that holds it."""
    from node.documents.verifier_file import verifier_from

    return list(map(verifier_from, given))


def _checkpoint(terminal: Terminal, path: Path) -> bytes:
    """The checkpoint in a file; says when its line ends were changed on the way, and undoes that.

    Raises NodeError(CONFIG_INVALID) for what has not the form of one: no signature is judged here.
    """
    from node.core.log.checkpoint import checkpoint_in
    from node.documents.note_file import whole_note

    content = _read(path)
    note = whole_note(content, path)
    try:
        checkpoint_in(note)
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.documents.no-note-file", problem=error.wording, path=str(path)
        ) from None
    if note != content:
        terminal.note(t("log.line_ends", path=path))
    return note


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, "batch.unreadable", path=str(path), problem=why(error))

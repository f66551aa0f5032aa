"""`dxnode catalogue export` and `import`: catalogues as files, for and from other platforms (Art. 30)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.options import require_new
from node.cli.terminal.output import Terminal
from node.cli.terminal.session import (
    DEFAULT_CONFIG,
    ConfigFile,
    DeskSession,
    have_read,
    with_desk,
    with_terminal,
)
from node.core.milliseconds import to_ms
from node.core.state.part import PartKind
from node.core.words import listed
from node.errors import NodeError, Reason
from node.texts.wording import t

if TYPE_CHECKING:
    from node.core.catalogue.file import CatalogueFile
    from node.v1.catalogue_pb2 import Dataset


class Format(StrEnum):
    """What a catalogue is written as."""

    DCAT = "dcat"
    CSV = "csv"


_ENDINGS = {
    **dict.fromkeys((".jsonld", ".json"), Format.DCAT),
    **dict.fromkeys((".csv", ".tsv", ".tab"), Format.CSV),
}
# Whose content says what they are, and why they are not read.
_OTHER_ENDINGS = {
    **dict.fromkeys((".ttl", ".rdf", ".xml", ".nt", ".n3"), Format.DCAT),
    **dict.fromkeys((".txt", ".xlsx", ".xls", ".ods", ".et"), Format.CSV),
}
FormatOption = Annotated[Format | None, typer.Option("--format", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    app.command("export")(export)
    app.command("import")(import_)


@with_desk
def export(
    session: DeskSession,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    form: FormatOption = None,
    provider: Annotated[str, typer.Option("--provider", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    """Write the catalogue of a department to a file, or to stdout."""
    from node.core.catalogue.csv import write_csv
    from node.core.catalogue.dcat import write_dcat
    from node.files.whole import PUBLIC, write_file

    if str(file) != "-":
        require_new(file, force)
    terminal, as_form = session.terminal, _format(file, form)
    names = [entry.dataset for entry in session.client.catalogue(provider)]
    with terminal.progress(t("label.exporting"), len(names)) as ticker:
        entries: list[Dataset] = []
        for name in names:
            entries.append(session.client.published_entry(name, provider))
            ticker.advance(1)
    if not entries:
        raise NodeError(Reason.NOT_SHARED, "error.cli.nothing-shared")
    publisher = provider or entries[0].summary.provider
    parts: Iterable[str] = (
        write_csv(entries) if as_form is Format.CSV else write_dcat(publisher, datetime.now(UTC), entries)
    )
    content = "".join(parts).encode()
    if str(file) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    write_file(file, content, PUBLIC)
    terminal.result(
        {"file": file, "format": as_form, "publisher": publisher, "entries": len(entries)},
        t("catalogue.exported", count=len(entries), path=file),
    )
    if as_form is Format.CSV and any(entry.questions for entry in entries):
        terminal.note(t("catalogue.table_lacks"))


@with_terminal
def import_(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    form: FormatOption = None,
    publisher: Annotated[str, typer.Option("--publisher", show_default=False)] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Keep another department's catalogue, in place of its earlier one, so that searches here find it."""
    from node.app.live.imported import imported_folder, kept_import, place_import
    from node.config.file import load_settings
    from node.core.catalogue.csv import read_csv
    from node.core.catalogue.dcat import read_dcat
    from node.core.catalogue.file import MAX_BYTES
    from node.files.whole import read_file
    from node.v1 import catalogue_pb2 as pb

    settings = load_settings(config)
    own = settings.department.code
    read = read_csv if _format(file, form, read=True) is Format.CSV else read_dcat
    # How long it takes is not known: most of it is reading the file, which is one step.
    with terminal.progress(t("catalogue.importing"), None):
        content = read_file(file, MAX_BYTES)
        found = read(file.name, content)
        by = _publisher(found, publisher)
        if by == own:
            raise NodeError(Reason.CONFIG_INVALID, "error.cli.catalogue-own")
        folder = imported_folder(settings)
        before = _contents(kept_import(folder, by).entries)
        chosen = sorted(
            (each for each in found.entries if each.summary.provider != own),
            key=lambda each: (each.summary.dataset, each.summary.provider),
        )
        _keep_proved(config, chosen)
        catalogue = pb.ImportedCatalogue(
            publisher=by,
            imported_ms=to_ms(datetime.now(UTC)),
            entries=[each.SerializeToString() for each in chosen],
        )
        after = _contents(catalogue.entries)
        place_import(folder, catalogue)
    counts = {
        "entries": len(chosen),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(before[key] != after[key] for key in before.keys() & after.keys()),
        "own_left_out": len(found.entries) - len(chosen),
        "lost_questions": sum(
            bool(before[key].questions and not after[key].questions) for key in before.keys() & after.keys()
        ),
    }
    kept = t(
        "catalogue.kept",
        publisher=by,
        entries=counts["entries"],
        added=counts["added"],
        changed=counts["changed"],
        removed=counts["removed"],
    )
    terminal.result({"publisher": by, **counts, "passed_over": found.passed_over}, kept)
    if found.passed_over:
        shown = listed(found.passed_over)
        terminal.note(t("catalogue.passed_over", count=len(found.passed_over), names=shown))
    if counts["own_left_out"]:
        terminal.note(t("catalogue.own_left_out", count=counts["own_left_out"]))
    if counts["lost_questions"]:
        terminal.note(t("catalogue.lost_questions", count=counts["lost_questions"]))
    if not have_read(terminal, config, PartKind.IMPORTED):
        terminal.note(t("catalogue.not_running"))


def _format(file: Path, form: Format | None, *, read: bool = False) -> Format:
    """The one asked for, or the one that the name says. Raises NodeError(CONFIG_INVALID) if neither does."""
    if form is not None:
        return form
    ending = file.suffix.lower() if str(file) != "-" else ".jsonld"
    known = (_ENDINGS | _OTHER_ENDINGS if read else _ENDINGS).get(ending)
    if known is None:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.format-unclear",
        )
    return known


def _publisher(found: CatalogueFile, asked: str) -> str:
    """Whose catalogue a file is: as it says, as was asked for, or the only provider in it."""
    from node.core.identity import is_credit_code

    if asked and not is_credit_code(asked):
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.publisher-malformed")
    if found.publisher and asked not in ("", found.publisher):
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.publisher-contradicted", publisher=found.publisher)
    providers = {entry.summary.provider for entry in found.entries}
    known = found.publisher or asked or (providers.pop() if len(providers) == 1 else "")
    if not known:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.publisher-missing",
        )
    return known


def _keep_proved(config: Path, entries: Iterable[Dataset]) -> None:
    """Leave the entries those approvals that count by the own directory: anybody can write a file."""
    from node.cli.pki.own_directory import read_own_directory
    from node.core.catalogue.publication import keep_proved
    from node.documents.approval_file import Approvers, proved_approvals

    approved = [entry for entry in entries if entry.HasField("publication")]
    if approved:
        approvers, now = Approvers(read_own_directory(config)[1]), datetime.now(UTC)
        for entry in approved:
            keep_proved(entry, lambda version, notes: proved_approvals(version, notes, approvers, now))


def _contents(entries: Iterable[bytes]) -> dict[tuple[str, str], Dataset]:
    """Entries by dataset and provider."""
    from node.v1.catalogue_pb2 import Dataset

    read = map(Dataset.FromString, entries)
    return {(each.summary.dataset, each.summary.provider): each for each in read}

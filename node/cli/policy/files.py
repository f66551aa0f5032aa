"""Reads the files of `dxnode policy`: policies, the definitions beside them, and the tables of tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from node.cli.terminal.output import Terminal
from node.core.policy.policy import DEFINITIONS_FILE, TABLE_ENDING, PolicyFile
from node.core.reading.document import MAX_BYTES
from node.core.text.problem import Problem
from node.documents.policy_folder import policy_files, read_folder
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.why import why
from node.texts.message import Message
from node.texts.wording import say

_MOST_NAMED = 12


def table_files(paths: Sequence[Path]) -> list[Path]:
    """The tables of tests: files, and the `*.test.yaml` of folders. Raises NodeError(CONFIG_INVALID)."""
    found: list[Path] = []
    for path in paths:
        inside = list(read_folder(path, look_deeper=False).tables) if path.is_dir() else [path]
        if not inside:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.no-table-in-folder",
                table_ending=TABLE_ENDING,
                path=str(path),
            )
        if not all(map(_is_table, inside)):
            read_file(path)
            beside = path.with_name(path.name.removesuffix(".yaml") + TABLE_ENDING)
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.no-table",
                table_ending=TABLE_ENDING,
                beside=str(beside),
                file=str(path),
            )
        if path.is_dir():
            _refuse_links_out(path, inside)
        found += inside
    return found


def read_files(paths: Sequence[Path]) -> list[PolicyFile]:
    """The files, and those of folders as `policy_files`; the definitions beside them always comes along.

    Tables of tests among them are left out, as they are of folders: `policies/*.yaml` names them too.
    Raises NodeError(CONFIG_INVALID) for what cannot be read. At most one byte more than is allowed is
    read of a file, so that the check can say that it is too large. A folder is taken for what lies in
    it: a link that leads out of it is refused.
    """
    found: dict[Path, Path] = {}
    named = [path for path in paths if path.is_dir() or not _is_table(path)]
    if paths and not named:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.table-for-policy",
            file=str(paths[0]),
        )
    for path in named:
        inside = policy_files(path) if path.is_dir() else [path]
        if not inside:
            _refuse_unread(path)
            raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-policy-in-folder", folder=str(path))
        if path.is_dir():
            _refuse_links_out(path, inside)
        definitions = inside[0].parent / DEFINITIONS_FILE
        for file in [*inside, *([definitions] if definitions.is_file() else [])]:
            found.setdefault(_resolved(file), file)
    return [read_file(path) for path in found.values()]


def unread_files(paths: Sequence[Path]) -> list[Problem]:
    """What only looks like a policy in those of the paths that are folders, each with its place."""
    folders = dict.fromkeys(path for path in paths if path.is_dir())
    return [problem for folder in folders for problem in read_folder(folder).unread]


def note_unread(terminal: Terminal, *paths: Path) -> None:
    """Tell people what only looks like a policy."""
    for each in unread_files(paths):
        said = Message(
            "policy_check.unread",
            {"file": each.file, "problem": each.wording, "hint": each.advice},
        )
        terminal.note(say(said))


def _refuse_unread(folder: Path) -> None:
    """Raises NodeError(CONFIG_INVALID) for a folder without policies in which some were meant to be."""
    unread = read_folder(folder).unread
    if unread:
        names = tuple(Path(each.file).name for each in unread[:_MOST_NAMED])
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.policies-unread", folder=str(folder), names=names)


def _is_table(path: Path) -> bool:
    return path.name.endswith(TABLE_ENDING)


def _refuse_links_out(folder: Path, files: Sequence[Path]) -> None:
    within = folder.resolve()
    for file in files:
        if file.is_symlink() and not _resolved(file).is_relative_to(within):
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.link-leads-out",
                file=str(file),
            )


def _resolved(file: Path) -> Path:
    """The file behind links; a link to itself stays what it is, and reading it says so."""
    try:
        return file.resolve()
    except (OSError, RuntimeError):
        return file.absolute()


def read_file(path: Path) -> PolicyFile:
    """One file, at most one byte more than is allowed. Raises NodeError(CONFIG_INVALID)."""
    try:
        return PolicyFile(str(path), read_regular(path, MAX_BYTES + 1))
    except OSError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.files.unreadable-named", why=why(error), file=str(path)
        ) from None

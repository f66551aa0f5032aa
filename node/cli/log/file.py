"""Export files of a usage log: written from a node, verified with nothing but public keys."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from google.protobuf.message import DecodeError

from node.core.log.check import LogCheck, Report
from node.core.log.checkpoint import Checkpoint, log_owner
from node.core.log.framing import split_leaves, split_segments
from node.core.log.seen_file import SeenNotes
from node.core.log.segment import Segment, check_segment
from node.crypto.signing import Note, SignatureSuite, Verifier, open_note
from node.errors import NodeError, Reason
from node.files.regular_file import open_regular, read_regular
from node.no_dumps import forbid_dumps
from node.v1.usage_log_pb2 import LogExport

VERSION = 1
MAX_HEADER = 1024 * 1024
# Below this a second process costs more than it brings.
ALONE = 100_000


@dataclass(frozen=True, slots=True)
class SeenFit:
    """What one department remembers: how many checkpoints, and the sizes of those that do not fit."""

    department: str
    checkpoints: int
    differing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for an export: what was found, and by whom its checkpoints are signed.

    `cosigned` is how many records the ML-DSA-65 cosignature covers, None when no key for it was given; `seen`
    is what other departments remember of the log.
    """

    origin: str
    report: Report
    signers: tuple[str, ...]
    cosigned: int | None
    seen: tuple[SeenFit, ...] = ()


def write_export(path: Path, header: LogExport, leaves: Iterable[bytes]) -> int:
    """Write an export; it appears under its name only when it is whole. Gives the number of leaves.

    Raises NodeError UNAVAILABLE reasons of whoever reads `leaves`; LOG_CORRUPT when they are too few.
    """
    part = path.with_name(path.name + ".part")
    count = 0
    try:
        with part.open("wb") as file:
            _write_delimited(file.write, header.SerializeToString())
            for leaf in leaves:
                _write_delimited(file.write, leaf)
                count += 1
            file.flush()
            os.fsync(file.fileno())
        if count != header.size:
            raise NodeError(
                Reason.LOG_CORRUPT,
                "error.cli.records-listed-short",
                count=count,
                size=header.size,
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _write_delimited(write: Callable[[bytes], int], message: bytes) -> None:
    length = len(message)
    while length > 0x7F:
        write(bytes((length & 0x7F | 0x80,)))
        length >>= 7
    write(bytes((length,)))
    write(message)


def verify_export(
    path: Path,
    log_keys: Sequence[Verifier],
    cosign_keys: Sequence[Verifier],
    known: Sequence[bytes],
    progress: Callable[[int], None],
    processes: int | None = None,
    seen: Sequence[SeenNotes] = (),
) -> Verified:
    """Verify the whole log in an export.

    `known` are checkpoints (signed notes) of this log that someone else kept: they narrow down where a log
    was changed, and show what was cut off; `seen` is what other departments' nodes remember, of which the
    notes of this log count. `progress` hears of every run of records that was checked.

    Raises NodeError PROOF_INVALID for a signature that does not verify, LOG_CORRUPT for what is no export.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise _no_export()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
            header, start = _header(data)
            verified = _open_checkpoints(header, log_keys, cosign_keys, known)
            remembered = [
                (each.department, _open_all(each.of(header.origin), header.origin, log_keys)) for each in seen
            ]
            verified += [opened for _, found in remembered for opened in found]
            owner = log_owner(header.origin)
            check = LogCheck([checkpoint for checkpoint, _ in verified])
            workers = processes or (os.cpu_count() or 1 if header.size >= ALONE else 1)
            tasks = (
                _Task(path, begin, end, first, owner, check.marks(first))
                for first, begin, end in split_segments(view, start)
            )
            for segment in _run(tasks, workers):
                check.add(segment)
                progress(segment.count)
    report = check.report()
    if report.records != header.size and not report.findings:
        raise NodeError(
            Reason.LOG_CORRUPT,
            "error.cli.export-count-differs",
            size=header.size,
            records=report.records,
        )
    cosigned = max(
        (checkpoint.size for checkpoint, note in verified if _is_cosigned(note)),
        default=0,
    )
    return Verified(
        origin=header.origin,
        report=report,
        signers=tuple(sorted({f"{v.name} ({v.suite})" for _, note in verified for v in note.verified})),
        cosigned=cosigned if cosign_keys else None,
        seen=tuple(
            SeenFit(
                department,
                len(found),
                tuple(sorted({each.size for each, _ in found if not check.holds(each)})),
            )
            for department, found in remembered
        ),
    )


def keys_in_directory(note: bytes, authority: Verifier, origin: str) -> tuple[list[Verifier], list[Verifier]]:
    """The log keys and the cosignature keys that a signed directory lists for the log of `origin`.

    Raises NodeError DIRECTORY_INVALID when `authority` has not signed it, NOT_FOUND when it does not list the
    department.
    """
    from node.documents.directory_file import read_directory

    member = read_directory(note, authority).members.get(log_owner(origin))
    if member is None:
        raise NodeError(Reason.NOT_FOUND, "error.cli.log-owner-unlisted")
    return [Verifier.parse(key) for key in member.log_keys], [
        Verifier.parse(key) for key in member.cosign_keys
    ]


def read_header(path: Path) -> LogExport:
    """The header of an export. Raises NodeError LOG_CORRUPT."""
    return _header(read_regular(path, MAX_HEADER + 8))[0]


def _header(data: bytes | mmap.mmap) -> tuple[LogExport, int]:
    position = length = shift = 0
    while position < len(data) and shift < 28:
        byte = data[position]
        position += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if not 0 < length <= MAX_HEADER or position + length > len(data):
        raise _no_export()
    try:
        header = LogExport.FromString(data[position : position + length])
    except DecodeError:
        raise _no_export() from None
    if header.version != VERSION or not log_owner(header.origin):
        raise _no_export()
    return header, position + length


def _no_export() -> NodeError:
    return NodeError(Reason.LOG_CORRUPT, "error.cli.no-log-export")


def _open_checkpoints(
    header: LogExport, log_keys: Sequence[Verifier], cosign_keys: Sequence[Verifier], known: Sequence[bytes]
) -> list[tuple[Checkpoint, Note]]:
    """All checkpoints with verified signatures; the header's newest must be signed by a log key."""
    keys = [*log_keys, *cosign_keys]
    newest = _open(header.checkpoint, header.origin, log_keys)
    opened = [newest]
    if cosign_keys and header.cosigned_checkpoint:
        cosigned = _open(header.cosigned_checkpoint, header.origin, cosign_keys)
        opened.append(cosigned)
    opened += [_open(note, header.origin, keys) for note in known]
    return opened


def _open_all(notes: Sequence[bytes], origin: str, keys: Sequence[Verifier]) -> list[tuple[Checkpoint, Note]]:
    return [_open(note, origin, keys) for note in notes]


def _open(text: bytes, origin: str, keys: Sequence[Verifier]) -> tuple[Checkpoint, Note]:
    note = open_note(text, keys)
    checkpoint = Checkpoint.parse(note.body)
    if checkpoint.origin != origin:
        raise NodeError(
            Reason.PROOF_INVALID,
            "error.cli.checkpoint-foreign",
            origin=checkpoint.origin,
        )
    return checkpoint, note


def _is_cosigned(note: Note) -> bool:
    return any(verifier.suite is SignatureSuite.ML_DSA_65 for verifier in note.verified)


@dataclass(frozen=True, slots=True)
class _Task:
    path: Path
    begin: int
    end: int
    first: int
    owner: str
    marks: tuple[int, ...]


def _check(task: _Task) -> Segment:
    with open_regular(task.path) as file:
        file.seek(task.begin)
        data = file.read(task.end - task.begin)
    return check_segment(split_leaves(data, task.first), task.first, task.owner, task.marks)


def _run(tasks: Iterator[_Task], workers: int) -> Iterator[Segment]:
    """The segments in order; with several workers, each in a process of its own, a few ahead."""
    if workers == 1:
        yield from map(_check, tasks)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), forbid_dumps) as pool:
        ahead: list[Future[Segment]] = []
        for task in tasks:
            ahead.append(pool.submit(_check, task))
            if len(ahead) > 2 * workers:
                yield ahead.pop(0).result()
        for future in ahead:
            yield future.result()

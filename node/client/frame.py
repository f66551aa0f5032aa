"""Asks one question about every row of a pandas frame, block by block, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd

from node.client.answered import EXCHANGE, REASON, RESULT_COLUMNS, join, merge, unanswered
from node.client.arguments import require
from node.client.columns import SAMPLE, find_column, identifiers_in, no_column
from node.client.results import Chunk, ChunkResult, Refusal, Subject
from node.core.bounds import MAX_CLAIM, MAX_CLAIMS, MAX_SUBJECTS, SUBJECTS_CLAUSE
from node.core.id_column import IdColumn, could_be_rounded, identifier, number_text
from node.core.identity import SubjectType
from node.core.normal_form import unreadable
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.texts.message import Message

CHUNK_BYTES = 30_000
"""What the subjects of a chunk take as a message: sealed and padded, it is none that any node refuses.

A thousand subjects without claims take less."""


# Failures on the way, without a verdict of the provider that the requester knows of.
_UNDECIDED = frozenset({Reason.PEER_UNAVAILABLE, Reason.DRAINING, Reason.TIMEOUT, Reason.STORE_UNAVAILABLE})


class AskBatch(Protocol):
    """`Client.batch`: asks chunk by chunk, and yields a result a chunk, in order."""

    def __call__(
        self,
        question: str,
        chunks: Iterable[Chunk],
        *,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None,
        batch_id: bytes,
        kind: QuestionKind | None,
    ) -> Iterator[ChunkResult]: ...


class RefusedError(NodeError):
    """A chunk was refused, which is on record under its exchange id: asking again takes a new batch id."""


class BatchStoppedError(NodeError):
    """A batch that could not go on; `frame` and `batch_id` resume it."""

    def __init__(self, cause: NodeError, frame: pd.DataFrame, batch_id: bytes) -> None:
        super().__init__(cause.reason, cause.wording.key, **cause.wording.args)
        self.frame = frame
        self.batch_id = batch_id

    def __reduce__(self) -> tuple[type[BatchStoppedError], tuple[NodeError, pd.DataFrame, bytes]]:
        """As it crosses to another process."""
        return type(self), (NodeError.of(self.reason, self.wording), self.frame, self.batch_id)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where subject and claims stand: a column name, and claim name to column name."""

    subject: str
    claims: Mapping[str, str]
    rounded: bool = False
    """Whether a spreadsheet has rounded identifiers: then nobody is asked about whose may be one of them."""
    subject_type: SubjectType | None = None
    """Whose identifiers they are, as far as is known."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a batch asks."""

    question: str
    purpose: str
    case: str
    parameters: Mapping[str, str]
    batch_id: bytes
    kind: QuestionKind | None


@dataclass(frozen=True, slots=True)
class AnsweredBlock:
    """A block of rows with its result columns, and the chunk number that the next block will have.

    With `overdue`, the data that it was answered from are older than the catalogue entry says.
    """

    frame: pd.DataFrame
    next_chunk: int
    overdue: bool = False


@dataclass(slots=True)
class _Asked:
    frame: pd.DataFrame
    valid: list[bool]
    chunk: int | None


def ask_blocks(
    ask: AskBatch,
    blocks: Iterable[pd.DataFrame],
    query: Query,
    columns: Columns,
    *,
    first_chunk: int = 0,
    keep_going: bool = False,
) -> Generator[AnsweredBlock, None, None]:
    """Ask block by block (at most 1000 rows each); yields them in order with the result columns.

    A block whose subjects take more than `CHUNK_BYTES` is asked in several chunks, and yielded in as many
    blocks. One without a single well-formed identifier is not asked and takes no chunk number. A refusal
    raises its NodeError, a `RefusedError` when it is final, with the blocks before it already yielded; with
    `keep_going` its rows get the reason.
    """
    asked: deque[_Asked] = deque()
    next_chunk = first_chunk

    def chunks() -> Iterator[Chunk]:
        number = first_chunk
        for block in blocks:
            for part, subjects in _parts(block, columns):
                there = tuple(each for each in subjects if each is not None)
                valid = [each is not None for each in subjects]
                asked.append(_Asked(part, valid, number if there else None))
                if there:
                    yield Chunk(number, there)
                    number += 1

    results = ask(
        query.question,
        chunks(),
        purpose=query.purpose,
        case=query.case,
        parameters=query.parameters,
        batch_id=query.batch_id,
        kind=query.kind,
    )
    for result in results:
        while asked[0].chunk is None:
            yield AnsweredBlock(_merged(asked.popleft(), None), next_chunk)
        refusal = result.refusal
        if refusal is not None and _ends(refusal, keep_going=keep_going):
            raise _refused(refusal)
        next_chunk = result.chunk + 1
        yield AnsweredBlock(_merged(asked.popleft(), result), next_chunk, result.proof.data_overdue)
    while asked:
        yield AnsweredBlock(_merged(asked.popleft(), None), next_chunk)


def is_too_many(error: NodeError) -> bool:
    """Whether chunks were refused because they are about more subjects than a node takes."""
    return error.metadata.get("clause") == SUBJECTS_CLAUSE


def _ends(refusal: Refusal, *, keep_going: bool) -> bool:
    """Whether the next chunk would meet the same, and that is not to be written down as it is."""
    if refusal.clause == SUBJECTS_CLAUSE:
        return True  # smaller chunks would be answered
    return not keep_going and refusal.reason is not Reason.QUERY_INVALID


def _merged(asked: _Asked, result: ChunkResult | None) -> pd.DataFrame:
    return merge(asked.frame, asked.valid, result)


def _refused(refusal: Refusal) -> NodeError:
    # What has no verdict yet is asked again under the same id, so that it is not charged twice.
    kind = NodeError if refusal.reason in _UNDECIDED else RefusedError
    args = {**refusal.wording.args, "rule": refusal.rule, "clause": refusal.clause}
    return kind(refusal.reason, refusal.wording.key, **args)


def ask_frame(
    ask: AskBatch,
    frame: pd.DataFrame,
    *,
    question: str,
    purpose: str,
    case: str,
    parameters: Mapping[str, str],
    subject: str,
    subject_type: SubjectType | None,
    claims: Mapping[str, str],
    batch_id: bytes,
    kind: QuestionKind | None,
    random: Callable[[int], bytes],
    chunk_size: int,
    largest: Callable[[bool], int],
    accept_invalid: bool,
) -> pd.DataFrame:
    """`Client.verify_batch` says what this does.

    `largest` tells about how many subjects a request may be, as is known or, if that is wanted, told anew.
    """
    if not 1 <= chunk_size <= MAX_SUBJECTS:
        raise NodeError(Reason.QUERY_INVALID, "error.client.chunk-size", max_subjects=MAX_SUBJECTS)
    rows = min(chunk_size, largest(False))
    columns = Columns(subject, claims, subject_type=subject_type)
    columns = found_columns(list(frame.columns), columns, lambda: _sample(frame))
    columns = _judged(frame, columns, accept_invalid=accept_invalid)
    query = Query(question, purpose, case, parameters, batch_id, kind)
    while True:
        try:
            return _ask_rows(ask, frame, query, columns, rows, random)
        except BatchStoppedError as stopped:
            fewer = min(rows, largest(True)) if is_too_many(stopped) else rows
            if fewer == rows:
                raise
            frame, rows, query = stopped.frame, fewer, replace(query, batch_id=stopped.batch_id)


def _ask_rows(
    ask: AskBatch,
    frame: pd.DataFrame,
    query: Query,
    columns: Columns,
    chunk_size: int,
    random: Callable[[int], bytes],
) -> pd.DataFrame:
    """Ask about the rows that have no reason yet. Raises BatchStoppedError."""
    start, first_chunk = _resume_at(frame)
    source = frame.drop(columns=[name for name in RESULT_COLUMNS if name in frame.columns])
    # Where the blocks end does not depend on where an earlier run came to: nor do the chunks.
    ends = range(start // chunk_size * chunk_size + chunk_size, len(source) + chunk_size, chunk_size)
    blocks = (source.iloc[max(start, end - chunk_size) : end] for end in ends)
    done = [frame.iloc[:start]] if start else []
    answered = start
    try:
        for block in ask_blocks(ask, blocks, query, columns, first_chunk=first_chunk):
            done.append(block.frame)
            answered += len(block.frame)
    except NodeError as error:
        refused = isinstance(error, RefusedError)
        batch_id = random(len(query.batch_id)) if refused else query.batch_id
        rest = unanswered(source.iloc[answered:])
        raise BatchStoppedError(error, join([*done, rest]), batch_id) from error
    return join(done) if done else unanswered(source)


def check_frame(frame: pd.DataFrame, subject: str, claims: Mapping[str, str], *, goes_on: bool) -> None:
    """Raises TypeError for what is no frame, NodeError QUERY_INVALID for one that cannot be asked about.

    One that has answers already is taken where the batch `goes_on`: else those would be given for its own.
    """
    require("frame", frame, pd.DataFrame)
    require("subject", subject, str)
    for column in (subject, *claims.values()):
        if column not in frame.columns and column in frame.index.names:
            raise NodeError(Reason.QUERY_INVALID, "error.client.column-in-index", column=column)
    if not goes_on:
        for name in RESULT_COLUMNS:
            if name in frame.columns:
                raise NodeError(Reason.QUERY_INVALID, "error.client.answered-already", column=name)


def found_columns(
    names: Sequence[str], columns: Columns, sample: Callable[[], Sequence[Sequence[str]]]
) -> Columns:
    """The columns by the names that they have in a table; `sample` gives its first rows as text.

    Raises NodeError QUERY_INVALID, naming the first column that is missing, or there more than once; also for
    more claims than a subject may have.
    """
    if len(columns.claims) > MAX_CLAIMS:
        raise NodeError(Reason.QUERY_INVALID, "error.client.too-many-claims", max_claims=MAX_CLAIMS)

    def find(wanted: str, *, of_subjects: bool) -> str:
        found = find_column(names, wanted)
        if found not in names:
            texts = tuple(map(str, names))
            raise no_column(texts, wanted, sample(), columns.subject_type, of_subjects=of_subjects)
        return found

    subject = find(columns.subject, of_subjects=True)
    claims = {name: find(column, of_subjects=False) for name, column in columns.claims.items()}
    return replace(columns, subject=subject, claims=claims)


def _sample(frame: pd.DataFrame) -> list[list[str]]:
    return [[_identifier_text(value) for value in row] for row in frame.head(SAMPLE).itertuples(index=False)]


def _judged(frame: pd.DataFrame, columns: Columns, *, accept_invalid: bool) -> Columns:
    """The columns, with whether a spreadsheet has rounded the identifiers.

    Raises NodeError QUERY_INVALID if they were, or too many are invalid, unless that is accepted; and for
    claims that were read as numbers. No identifier begins with a zero, so one that was has lost nothing; a
    claim may have.
    """
    for name in columns.claims.values():
        if any(isinstance(each, int) and not isinstance(each, bool) for each in frame[name].tolist()):
            raise NodeError(Reason.QUERY_INVALID, "error.client.claims-are-numbers", column=name)
    column = IdColumn(columns.subject_type)
    for value in frame[columns.subject].tolist():
        column.take(_identifier_text(value))
    fault = column.fault(columns.subject)
    if fault is not None and not accept_invalid:
        other = identifiers_in(tuple(map(str, frame.columns)), _sample(frame), columns.subject_type)
        raise bad_column(fault, columns.subject, other)
    return replace(columns, rounded=column.rounded > 0)


def bad_column(fault: Message, column: str, other: str) -> NodeError:
    """What to say of a column that cannot be asked about as a whole; identifiers stand in the `other`."""
    has_none = fault.key == "error.identity.column-invalid" and fault.args["count"] == fault.args["rows"]
    if has_none and other and other != column:
        return NodeError(Reason.QUERY_INVALID, "error.client.column-other", column=column, found=other)
    return NodeError.of(Reason.QUERY_INVALID, fault)


def _resume_at(frame: pd.DataFrame) -> tuple[int, int]:
    """The first row without a reason, and the number of the chunk that it begins."""
    if REASON not in frame.columns:
        return 0, 0
    start = int(frame[REASON].notna().to_numpy().argmin()) if frame[REASON].isna().any() else len(frame)
    asked = frame[EXCHANGE].iloc[:start] if EXCHANGE in frame.columns else pd.Series(dtype="string")
    # Each chunk is an exchange of its own, however many rows a chunk had then.
    return start, asked[asked.notna() & (asked != "")].nunique()


def _parts(block: pd.DataFrame, columns: Columns) -> Iterator[tuple[pd.DataFrame, list[Subject | None]]]:
    """A block in parts whose subjects are no more than `CHUNK_BYTES` as a message, with those subjects."""
    subjects = _subjects(block, columns)
    begin = taken = 0
    if columns.claims:
        for row, each in enumerate(subjects):
            size = 0 if each is None else _size(each)
            if taken + size > CHUNK_BYTES:
                yield block.iloc[begin:row], subjects[begin:row]
                begin, taken = row, 0
            taken += size
    if begin < len(block):
        yield block.iloc[begin:], subjects[begin:]


def _size(subject: Subject) -> int:
    """At least the bytes of a subject as a message."""
    claims = subject.claims.items()
    return 24 + sum([10 + len(name.encode()) + len(value.encode()) for name, value in claims])


def _subjects(block: pd.DataFrame, columns: Columns) -> list[Subject | None]:
    """The subject of each row of a block with its claims; None where that cannot be asked about."""
    given = map(_identifier_text, block[columns.subject].tolist())
    identifiers = [
        None if columns.rounded and could_be_rounded(text) else identifier(text, columns.subject_type)
        for text in given
    ]
    if not columns.claims:
        return [None if each is None else Subject(each) for each in identifiers]
    names = list(columns.claims)
    claimed = zip(*(block[columns.claims[name]].tolist() for name in names), strict=True)
    return [
        _claiming(each, dict(zip(names, map(_text, values), strict=True)))
        for each, values in zip(identifiers, claimed, strict=True)
    ]


def _claiming(identifier: str | None, claims: Mapping[str, str | None]) -> Subject | None:
    """The subject, unless there is none, or a claim that no node takes."""
    said = {name: text for name, text in claims.items() if text is not None and _can_be_claimed(text)}
    return Subject(identifier, said) if identifier is not None and len(said) == len(claims) else None


def _can_be_claimed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, as damaged files give
        return False
    return len(text) <= MAX_CLAIM and not unreadable(text)


def _text(value: object) -> str | None:
    """A value as text, "" for a missing one; None for what was read as something that has no one text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    missing = value is None or value is pd.NA or value is pd.NaT or value != value
    return "" if missing else None


def _identifier_text(value: object) -> str:
    """An identifier as text: read as a whole number it is still its digits, as a float it was rounded."""
    return number_text(value) if isinstance(value, float) else _text(value) or ""

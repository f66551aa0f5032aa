"""Whether what a field question lets out follows from what it let out before, over the field's whole domain.

It follows if values that were answered alike still are. Of a number every derivation answers by stretches,
so that it is enough to look where one stretch ends and the next begins. Of anything else, two example
values that were answered alike and are told apart now prove that more can be learned; that nothing more
can be is told by what the derivations are. All of them are absent where, and only where, the field is NULL;
`equals` is not, and is not compared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from node.analysis.diff.relation import NOT_COMPARED, SAME, Compared, Direction, Record, Relation
from node.analysis.predicate.domain import range_of
from node.analysis.predicate.formula import Space
from node.core.identity import LEVEL_DIGITS
from node.core.policy.dataset import Field, FieldType
from node.core.policy.derivation import HIDDEN, band_edges
from node.core.policy.question import Derivation, Derived, Question

# GB 11643 and GB 32100; identifiers are kept in one form (`node.core.identity`).
_IDENTIFIER_LENGTH = 18
_IDENTIFIERS = (FieldType.RESIDENT_ID, FieldType.CREDIT_CODE)
# A mask shows ten characters at most: in one twice as long, each place can be shown or hidden by itself.
_LONGEST_EXAMPLE = 21
_DATES = ("2025-01-01", "2025-01-02", "2026-01-01")
_REGIONS = ("110101001001", "110101001002", "110101002", "110102", "110200", "120000")
# Where two bands differ at all, they differ at one of their edges, and there are at most 50.
_MOST_EXAMPLES = 200


def derivations(before: Question, after: Question, space: Space) -> Compared:
    """What a field question lets out on both sides."""
    mine, theirs = before.derivation, after.derivation
    if mine is None or theirs is None or mine.field != theirs.field:
        return NOT_COMPARED
    if Derived.EQUALS in (mine.how, theirs.how):
        return NOT_COMPARED
    field = space.fields[mine.field]
    if field.type is FieldType.INTEGER:
        return _of_numbers(mine, theirs, *range_of(field))
    records = [_record(mine, theirs, value) for value in _examples(field)]
    if parted := _parted(records):
        return Compared(_finer(_follows(theirs, mine, field)), Direction.WIDER, parted)
    if not _follows(mine, theirs, field):
        return NOT_COMPARED
    return Compared(Relation.COARSER, Direction.NARROWER, _first_changed(records))


def derived(derivation: Derivation, value: str | int) -> str:
    """What is let out of one value: what the derivation's SQL says (`node.core.policy.derivation`)."""
    details = derivation.details
    match derivation.how:
        case Derived.BAND:
            edges = band_edges(details)
            # The last edge belongs to the band below it.
            return details[bisect_right(edges[:-1], int(value)) + (int(value) > edges[-1])]
        case Derived.MULTIPLE:
            rest = abs(int(value)) % int(details[0])
            return str(int(value) - rest if int(value) > 0 else int(value) + rest)
        case Derived.MASK:
            return _masked(str(value), *map(int, details))
        case Derived.REGION:
            digits = LEVEL_DIGITS[details[0]]
            return str(value)[:digits] + "0" * (6 - digits)
        case Derived.YEAR:
            return str(value)[:4]
        case Derived.EXISTS | Derived.EQUALS:
            return "true"
        case Derived.PLAIN:
            return str(value)


def _masked(value: str, first: int, last: int) -> str:
    if len(value) <= first + last:
        return HIDDEN
    return value[:first] + HIDDEN + value[len(value) - last :]


def _of_numbers(mine: Derivation, theirs: Derivation, low: int, high: int) -> Compared:
    """Derivations of the integers from `low` to `high`."""
    cut, back = _new_cut(mine, theirs, low, high), _new_cut(theirs, mine, low, high)
    if cut is not None:
        parted = tuple(_record(mine, theirs, number) for number in (cut - 1, cut))
        return Compared(_finer(back is None), Direction.WIDER, parted)
    ends = (number for end in _cuts(mine, low, high) for number in (end - 1, end))
    numbers = islice(chain(ends, (low,)), _MOST_EXAMPLES)
    changed = _first_changed(_record(mine, theirs, number) for number in numbers)
    if back is None and not changed:
        return SAME
    return Compared(Relation.COARSER, Direction.NARROWER, changed)


def _new_cut(mine: Derivation, theirs: Derivation, low: int, high: int) -> int | None:
    """A number that is told from the one before it by `theirs`, and not by `mine`; None if there is none.

    Two multiples of a step in a row that are multiples of another one too make it a divisor of the first,
    and bands have few edges: only a few cuts are looked at.
    """
    steps = _step(mine), _step(theirs)
    if steps[0] and steps[1] and steps[1] % steps[0] == 0:
        return None
    return next(
        (cut for cut in _cuts(theirs, low, high) if derived(mine, cut - 1) == derived(mine, cut)), None
    )


def _cuts(derivation: Derivation, low: int, high: int) -> Iterator[int]:
    """The numbers above `low` up to `high` that are told from the one before them, those near zero first."""
    if derivation.how is Derived.BAND:
        *edges, last = band_edges(derivation.details)
        yield from (edge for edge in (*edges, last + 1) if low < edge <= high)
    elif step := _step(derivation):
        yield from range(max(low // step + 1, 1) * step, high + 1, step)
        # Rounded towards zero: below it, a stretch ends with its multiple.
        yield from (below + 1 for below in range(min(high - 1, -1) // step * step, low - 1, -step))


def _step(derivation: Derivation) -> int:
    """Of what numbers are let out as multiples; 0 if as anything else."""
    if derivation.how is Derived.PLAIN:
        return 1
    return int(derivation.details[0]) if derivation.how is Derived.MULTIPLE else 0


def _follows(mine: Derivation, theirs: Derivation, field: Field) -> bool:
    """Whether what `theirs` lets out of a value is certain from what `mine` does."""
    if mine.how is Derived.PLAIN or theirs.how is Derived.EXISTS:
        return True
    if theirs.how is Derived.MASK:
        if theirs.details == ("0", "0"):
            return True
        # A value too short for a mask is hidden as a whole, and may be shown in part by one that shows less.
        # So one mask follows from another only where every value is long enough for both.
        shows_less = all(
            int(one) >= int(other) for one, other in zip(mine.details, theirs.details, strict=False)
        )
        return mine.how is Derived.MASK and field.type in _IDENTIFIERS and shows_less
    if mine.how is theirs.how is Derived.REGION:
        return LEVEL_DIGITS[theirs.details[0]] <= LEVEL_DIGITS[mine.details[0]]
    return False


def _examples(field: Field) -> Sequence[str]:
    """Values of a field; what two derivations of it tell apart at all, they tell apart among these too."""
    match field.type:
        case FieldType.TEXT:
            return [text for length in range(1, _LONGEST_EXAMPLE + 1) for text in _spelled(length)]
        case FieldType.RESIDENT_ID | FieldType.CREDIT_CODE:
            return _spelled(_IDENTIFIER_LENGTH)
        case FieldType.DATE:
            return _DATES
        case FieldType.REGION:
            return _REGIONS
    return field.values


def _spelled(length: int) -> list[str]:
    """Text of one length that is nobody's: the same but for one place, which is each in turn."""
    plain = "x" * length
    return [plain, *(f"{plain[:place]}y{plain[place + 1 :]}" for place in range(length))]


def _parted(records: Iterable[Record]) -> tuple[Record, ...]:
    """Two records that were answered alike and no longer are."""
    seen: dict[str | None, Record] = {}
    for record in records:
        alike = seen.setdefault(record.before, record)
        if alike.after != record.after:
            return alike, record
    return ()


def _finer(follows_back: bool) -> Relation:
    return Relation.FINER if follows_back else Relation.OTHER


def _first_changed(records: Iterable[Record]) -> tuple[Record, ...]:
    return next(((each,) for each in records if each.before != each.after), ())


def _record(mine: Derivation, theirs: Derivation, value: str | int) -> Record:
    return Record({mine.field: str(value)}, {}, derived(mine, value), derived(theirs, value))

"""Derivations: what a field question lets out in place of the value, as one SQL expression each.

Every derivation answers text, or NULL where the field is NULL, and renders to SQLite, DuckDB and
PostgreSQL alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp

from node.core.identity import LEVEL_DIGITS
from node.core.policy.predicate import column, integer_literal, text_literal

HIDDEN = "****"


def plain(field: str) -> exp.Expression:
    """The value itself."""
    return _as_text(column(field))


def exists(field: str) -> exp.Expression:
    """ "true" if the field is filled, else absent."""
    return _case((_not_null(field), text_literal("true")))


def equals(field: str, placeholder: str) -> exp.Expression:
    """ "true" if the field equals a parameter or claim, else absent: a miss looks like no such subject."""
    same = exp.EQ(this=column(field), expression=exp.Placeholder(this=placeholder))
    return _case((same, text_literal("true")))


def mask(field: str, first: int, last: int) -> exp.Expression:
    """The first and last characters with **** between them, which hides the length too.

    A value of at most `first` + `last` characters is hidden as a whole.
    """
    masked: exp.Expression = text_literal(HIDDEN)
    if first:
        masked = exp.DPipe(this=_substring(column(field), 1, first), expression=masked)
    if last:
        length = exp.Length(this=column(field))
        start = exp.Sub(this=length, expression=integer_literal(last - 1))
        tail = exp.Substring(this=column(field), start=start, length=integer_literal(last))
        masked = exp.DPipe(this=masked, expression=tail)
    long_enough = exp.GT(this=exp.Length(this=column(field)), expression=integer_literal(first + last))
    return _case((long_enough, masked), (_not_null(field), text_literal(HIDDEN)))


def band(field: str, edges: Sequence[int]) -> exp.Expression:
    """The band that an integer falls into, labelled as `band_labels` says."""
    labels = band_labels(edges)
    last = len(edges) - 1
    below = (_compare(exp.LT, field, edges[0]), text_literal(labels[0]))
    inner = [
        (_compare(exp.LTE if upper == last else exp.LT, field, edges[upper]), text_literal(labels[upper]))
        for upper in range(1, len(edges))
    ]
    return _case(below, *inner, (_not_null(field), text_literal(labels[-1])))


def band_labels(edges: Sequence[int]) -> tuple[str, ...]:
    """The labels of bands, lowest first: a square bracket includes its edge, a round one does not.

    >>> band_labels([0, 60, 120])
    ('<0', '[0,60)', '[60,120]', '>120')
    """
    inner = [f"[{low},{high})" for low, high in pairwise(edges)]
    inner[-1] = inner[-1][:-1] + "]"
    return (f"<{edges[0]}", *inner, f">{edges[-1]}")


def band_edges(labels: Sequence[str]) -> list[int]:
    """The edges that bands with these labels have: `band_labels` the other way round.

    >>> band_edges(("<0", "[0,60)", "[60,120]", ">120"))
    [0, 60, 120]
    """
    return [int(labels[0][1:]), *(int(label[1:-1].split(",")[1]) for label in labels[1:-1])]


def narrow_edge(edges: Sequence[int]) -> int | None:
    """Where edges stop growing, or grow by less than 2; None for the edges of a band."""
    return next((at for at, (low, high) in enumerate(pairwise(edges), 1) if high - low < 2), None)


def round_down(field: str, step: int) -> exp.Expression:
    """An integer as a multiple of `step`, rounded towards zero."""
    rest = exp.Mod(this=column(field), expression=integer_literal(step))
    return _as_text(exp.Paren(this=exp.Sub(this=column(field), expression=rest)))


def cut_region(field: str, level: str) -> exp.Expression:
    """A region code cut to a level, filled with zeros to six digits; coarser codes stay as they are."""
    digits = LEVEL_DIGITS[level]
    cut = _substring(_as_text(column(field)), 1, digits)
    return cut if digits >= 6 else exp.DPipe(this=cut, expression=text_literal("0" * (6 - digits)))


def year_of(field: str) -> exp.Expression:
    """The year of a date, four digits."""
    return _substring(_as_text(column(field)), 1, 4)


def _case(*branches: tuple[exp.Expression, exp.Expression]) -> exp.Expression:
    return exp.Case(ifs=[exp.If(this=when, true=then) for when, then in branches])


def _compare(build: type[exp.Expression], field: str, number: int) -> exp.Expression:
    return build(this=column(field), expression=integer_literal(number))


def _not_null(field: str) -> exp.Expression:
    return exp.Not(this=exp.Is(this=column(field), expression=exp.Null()))


def _substring(text: exp.Expression, start: int, length: int) -> exp.Expression:
    return exp.Substring(this=text, start=integer_literal(start), length=integer_literal(length))


def _as_text(value: exp.Expression) -> exp.Expression:
    return exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT))

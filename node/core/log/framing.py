"""The leaves of an exported usage log, one after another with their lengths: where each begins and ends."""

from __future__ import annotations

from collections.abc import Iterator

from node.core.log.usage import MAX_LEAF_BYTES
from node.errors import NodeError, Reason

SEGMENT = 16_384
"""Leaves a segment: a power of two, so that a whole segment is one subtree."""


def split_segments(
    data: bytes | memoryview, start: int, per_segment: int = SEGMENT
) -> Iterator[tuple[int, int, int]]:
    """Cut varint-delimited leaves into segments; yields (index of the first leaf, begin, end) in `data`.

    Raises NodeError LOG_CORRUPT, with the index, where the framing of the export breaks.
    """
    first, position, end = 0, start, len(data)
    while position < end:
        begin = position
        index, stop = first, first + per_segment
        while position < end and index < stop:
            low = data[position]
            if low > 0x7F and position + 1 < end and (high := data[position + 1]) < 0x80:
                position += 2 + (low & 0x7F | high << 7)  # as `_length` would, but without a call
            else:
                leaf, length = _length(data, position, index)
                position = leaf + length
            index += 1
        if position > end:
            raise _broken(index - 1)
        yield first, begin, position
        first = index


def split_leaves(data: bytes, first: int) -> list[bytes]:
    """The leaves of one segment. Raises NodeError LOG_CORRUPT as `split_segments` does."""
    leaves: list[bytes] = []
    position, end = 0, len(data)
    while position < end:
        low = data[position]
        if low > 0x7F and position + 1 < end and (high := data[position + 1]) < 0x80:
            begin = position + 2  # as `_length` would, but without a call
            position = begin + (low & 0x7F | high << 7)
        else:
            begin, length = _length(data, position, first + len(leaves))
            position = begin + length
        leaves.append(data[begin:position])
    if position > end:
        raise _broken(first + len(leaves) - 1)
    return leaves


def _length(data: bytes | memoryview, position: int, index: int) -> tuple[int, int]:
    """Where the leaf begins whose length (protobuf varint) stands at `position`, and that length."""
    try:
        length = data[position]
        if length < 0x80:
            return position + 1, length
        # Nearly every record takes two bytes; none that is allowed takes more than three.
        second = data[position + 1]
        if second < 0x80:
            return position + 2, length & 0x7F | second << 7
        third = data[position + 2]
    except IndexError:
        raise _broken(index) from None
    length = length & 0x7F | (second & 0x7F) << 7 | third << 14
    if third >= 0x80 or length > MAX_LEAF_BYTES:
        raise _broken(index)
    return position + 3, length


def _broken(index: int) -> NodeError:
    return NodeError(
        Reason.LOG_CORRUPT,
        "error.log.export-cut",
        index=str(index),
    )

"""The high-water mark survives being cut off at any byte, and nothing that was changed passes for one."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from node.core.log.checkpoint import Checkpoint
from node.core.state.mark import SLOT, SLOTS, Mark, newest_mark

ORIGIN = "dxnode/11441900000000019Y"
numbers = st.integers(0, 2**53)
marks = st.builds(
    Mark,
    st.builds(Checkpoint, st.just(ORIGIN), st.integers(0, 2**62), st.binary(min_size=32, max_size=32)),
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
)


def file_of(*written: Mark) -> bytes:
    content = bytearray(SLOT * SLOTS)
    for mark in written:
        content[mark.offset : mark.offset + SLOT] = mark.slot()
    return bytes(content)


@given(marks)
def test_mark_is_read_as_it_was_written(mark: Mark) -> None:
    assert len(mark.slot()) == SLOT
    assert newest_mark(file_of(mark)) == mark


@given(marks, st.data())
def test_mark_that_is_cut_off_while_it_is_written_leaves_the_one_before(
    mark: Mark, data: st.DataObject
) -> None:
    following = replace(mark, turn=mark.turn + 1, log=replace(mark.log, size=mark.log.size + 1))
    whole = file_of(mark)
    cut = data.draw(st.integers(0, len(following.slot().rstrip(b"\0")) - 1))
    torn = bytearray(whole)
    torn[following.offset : following.offset + cut] = following.slot()[:cut]
    assert newest_mark(bytes(torn)) == mark
    assert newest_mark(file_of(mark, following)) == following


@given(marks, st.data())
def test_changed_mark_is_none(mark: Mark, data: st.DataObject) -> None:
    content = bytearray(file_of(mark))
    written = len(mark.slot().rstrip(b"\0"))
    place = mark.offset + data.draw(st.integers(0, written - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert newest_mark(bytes(content)) is None


def test_what_is_no_mark_is_none() -> None:
    assert newest_mark(b"") is None
    assert newest_mark(bytes(SLOT * SLOTS)) is None
    assert newest_mark(os.urandom(SLOT * SLOTS)) is None

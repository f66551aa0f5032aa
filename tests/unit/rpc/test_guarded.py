"""Places for calls: half of them for one caller at most, all of them given back; and what gRPC may log."""

from __future__ import annotations

import logging

import pytest

from node.errors import NodeError, Reason
from node.rpc.guarded import Places, _is_ours_to_say


def refused(places: Places, caller: str) -> Reason | None:
    try:
        places.take(caller)
    except NodeError as error:
        return error.reason
    return None


def test_one_caller_has_half_of_the_places_and_two_have_all() -> None:
    places = Places(5)
    assert [refused(places, "a") for _ in range(3)] == [None, None, Reason.RATE_LIMITED]
    assert [refused(places, "b") for _ in range(3)] == [None, None, Reason.RATE_LIMITED]
    assert [refused(places, "c") for _ in range(2)] == [None, Reason.OVERLOADED]


def test_place_given_back_is_free_again() -> None:
    places = Places(2)
    for _ in range(10):
        places.take("a")
        assert refused(places, "a")
        places.give_back("a")
    assert not refused(places, "b")


def test_single_place_is_anybodys() -> None:
    places = Places(1)
    places.take("a")
    assert refused(places, "b") is Reason.OVERLOADED


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Invalid encoding on %s", False),
        ("Unexpected [%s] raised", True),
        (UnicodeDecodeError("utf-8", b"", 0, 1, ""), True),
    ],
)
def test_of_what_grpc_logs_only_quoted_headers_are_left_out(said: object, shown: bool) -> None:
    record = logging.LogRecord("grpc", logging.ERROR, "", 0, said, (), None)
    assert _is_ours_to_say(record) is shown

"""A subject is text: numbers lose digits on their way, so they are a clear error of the program."""

from __future__ import annotations

import os

import numpy as np
import pytest
from support.fake_catalogue import PURPOSE
from support.fake_desk import FIELD, VERIFY, FakeDesk, resident

import node.client
from node.client import Chunk, Client, NodeError, Reason, Subject

NO_TEXTS = [441900195001010010, 4.419e17, np.int64(441900195001010010), np.float64(4.4e17), None, b"4", ["4"]]


@pytest.mark.parametrize("wrong", NO_TEXTS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("ask", ["verify", "field", "batch"])
def test_subject_that_is_no_text_is_a_type_error(
    client: Client, desk: FakeDesk, ask: str, wrong: object
) -> None:
    def go() -> None:
        if ask == "verify":
            client.verify(VERIFY, wrong, purpose=PURPOSE, case="DG-1")  # type: ignore[arg-type]
        elif ask == "field":
            client.field(FIELD, wrong, purpose=PURPOSE, case="DG-1")  # type: ignore[arg-type]
        else:
            chunks = (Chunk(0, (Subject(each),)) for each in (wrong,))  # type: ignore[arg-type]
            list(client.batch(VERIFY, chunks, purpose=PURPOSE, case="DG-1", batch_id=os.urandom(16)))

    with pytest.raises(TypeError, match=f"a subject is text, and this is of the type {type(wrong).__name__}"):
        go()
    assert (desk.asked, desk.chunks) == ([], [])


def test_claim_that_is_no_text_is_a_type_error(client: Client, desk: FakeDesk) -> None:
    with pytest.raises(TypeError, match="a claim is text, and this is of the type int"):
        client.verify(VERIFY, resident(2), purpose=PURPOSE, case="DG-1", claims={"since": 2020})  # type: ignore[dict-item]
    assert desk.asked == []


def test_type_error_tells_no_value() -> None:
    with pytest.raises(TypeError) as raised:
        Subject(441900195001010010)  # type: ignore[arg-type]
    assert "4419" not in str(raised.value)


def test_errors_are_where_the_client_is() -> None:
    assert {"NodeError", "Reason"} <= set(node.client.__all__)
    with pytest.raises(NodeError) as raised:
        Client("nowhere")
    assert isinstance(raised.value.reason, Reason)

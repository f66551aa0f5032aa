"""A transcript of programmers' first mistakes with the client: what each raises, in both languages.

With WRITE_TRANSCRIPTS=1 in the environment it is written anew, to be read in the diff.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE
from support.fake_desk import FIELD, VERIFY, FakeDesk, grant_message, resident, serving
from support.waiting import PATIENCE

from node.client import Chunk, Client, NodeError, Reason, Subject
from node.client.frame import BatchStoppedError
from node.texts.wording import say

TRANSCRIPT = Path(__file__).parent / "mistakes.txt"
ID, OTHER = resident(2), resident(3)


@pytest.fixture
def names(tmp_path: Path) -> Iterator[dict[str, object]]:
    """What the program has at hand."""
    desk = FakeDesk(strict=True, grants={"g-1": grant_message(subject_type="resident_id")})
    people = pd.DataFrame({"id": [ID, OTHER], "note": ["x", "y"]})
    with serving(desk, tmp_path) as address, Client(address, timeout=PATIENCE) as client:
        yield {
            "client": client,
            "people": people,
            "chunks": [Chunk(0, (Subject(ID),))],
            "Client": Client,
            "Chunk": Chunk,
            "Path": Path,
            "PURPOSE": PURPOSE,
            "CASE": "DG-1",
            "VERIFY": VERIFY,
            "FIELD": FIELD,
            "MONTHS": f"{PROVIDER}/{DATASET}/months-at-least",
            "ID": ID,
            "OTHER": OTHER,
        }


def told(call: str, names: dict[str, object]) -> str:
    """What comes of a call: an error in English and Chinese, or the value."""
    try:
        value = eval(call, dict(names))  # noqa: S307 - of the transcript beside this file
    except NodeError as error:
        return f"{error.reason}: {say(error.wording, 'en')}\n{error.reason}: {say(error.wording, 'zh')}\n"
    except Exception as error:
        return f"{type(error).__name__}: {error}\n"
    return f"{value}\n"


def test_a_programmers_mistakes_are_told_so(names: dict[str, object]) -> None:
    remark, *calls = TRANSCRIPT.read_text("utf-8").split("\n\n>>> ")
    came = [(each.partition("\n")[0], told(each.partition("\n")[0], names)) for each in calls]
    if os.environ.get("WRITE_TRANSCRIPTS"):
        TRANSCRIPT.write_text(
            f"{remark}\n" + "".join(f"\n>>> {call}\n{said}" for call, said in came), "utf-8"
        )
        return
    for (call, said), expected in zip(came, calls, strict=True):
        assert f"{call}\n{said}".strip() == expected.strip()


def test_no_error_of_a_mistake_holds_a_subject() -> None:
    answers = [
        line for line in TRANSCRIPT.read_text("utf-8").splitlines() if not line.startswith((">>> ", "# "))
    ]
    assert not [line for line in answers if ID in line or OTHER in line]


@pytest.mark.parametrize("given", [{"answer": "x"}, {"reason": ""}, {"exchange_id": "x"}, {"data_as_of": ""}])
def test_frame_with_a_column_of_answers_is_never_taken_for_an_answered_one(
    client: Client, desk: FakeDesk, given: dict[str, str]
) -> None:
    frame = pd.DataFrame({"id": [ID]}).assign(**given)
    with pytest.raises(NodeError, match="give the batch_id of the batch to go on with"):
        client.verify_batch(frame, question=VERIFY, purpose=PURPOSE, case="DG-1")
    assert desk.chunks == []


@pytest.mark.parametrize("in_hex", [False, True])
def test_batch_goes_on_by_its_id_as_bytes_and_in_hex(client: Client, desk: FakeDesk, in_hex: bool) -> None:
    def ask(frame: pd.DataFrame, batch_id: bytes | str = b"") -> pd.DataFrame:
        return client.verify_batch(
            frame, question=VERIFY, purpose=PURPOSE, case="DG-1", chunk_size=10, batch_id=batch_id
        )

    desk.break_at = 1
    with pytest.raises(BatchStoppedError) as stopped:
        ask(pd.DataFrame({"id": [resident(number) for number in range(30)]}))
    desk.break_at = None
    # It crosses to another process, as pools of workers have errors do.
    error = pickle.loads(pickle.dumps(stopped.value))  # noqa: S301 - made in the line itself
    assert (error.reason, error.message) == (Reason.PEER_UNAVAILABLE, stopped.value.message)
    done = ask(error.frame, error.batch_id.hex() if in_hex else error.batch_id)
    assert set(done["reason"]) == {""}
    assert [number for _, number, _ in desk.chunks] == [0, 1, 2]
    assert {batch for batch, _, _ in desk.chunks} == {error.batch_id}


def test_value_of_a_field_is_true_if_there_is_one(client: Client) -> None:
    assert client.field(FIELD, ID, purpose=PURPOSE, case="DG-1")
    assert not client.field(FIELD, OTHER, purpose=PURPOSE, case="DG-1")


def test_reason_is_written_by_its_name() -> None:
    assert f"{Reason.NO_GRANT} {Reason.NO_GRANT:>10} {Reason.NO_GRANT!s}" == "NO_GRANT   NO_GRANT NO_GRANT"

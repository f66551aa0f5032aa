"""An intent lacks nothing and says nothing beside, whoever built it."""

from __future__ import annotations

import re

import pytest
from support.running import resident

from node.core import wire
from node.core.bounds import MAX_PARAMETER, MAX_PARAMETERS
from node.core.log import usage
from node.core.messages.intent import MAX_CASE, check_asked, check_intent
from node.core.role import ASKING_ROLES, AUDITOR, OFFICER, OPERATOR_FINGERPRINT
from node.errors import NodeError, Reason
from node.texts.wording import say
from node.v1 import catalogue_pb2
from node.v1 import record_pb2 as rec

VERIFY, STATISTIC = catalogue_pb2.QUESTION_KIND_VERIFY, catalogue_pb2.QUESTION_KIND_STATISTIC
BATCH = rec.BatchPosition(batch_id=bytes(16), chunk=3)


def intent(**changes: object) -> rec.Intent:
    values: dict[str, object] = {
        "dataset": "pension-insurance",
        "question": "is-enrolled",
        "purpose": "social-insurance/pension/deferral",
        "case_number": "DG-2026-000123",
        "grant_id": "g-0123456789abcdef",
        "subjects": 1,
        "commitment": bytes(32),
        "role": "clerk",
        "caller": bytes(32),
        "response_key_hash": bytes(32),
        "kind": VERIFY,
    }
    return rec.Intent(**{**values, **changes})  # type: ignore[arg-type]


def parameters(*pairs: tuple[str, str]) -> list[rec.Parameter]:
    return [rec.Parameter(name=name, value=value) for name, value in pairs]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"case_number": "东建〔2026〕 123 号"},
        {"case_number": "7" * MAX_CASE},
        {"subjects": 1000, "batch": BATCH},
        {"kind": catalogue_pb2.QUESTION_KIND_FIELD},
        {"kind": STATISTIC, "subjects": 0},
        {"parameters": parameters(("a", "1"), ("b_2", "二"))},
        {"caller": OPERATOR_FINGERPRINT, "role": "operator"},
    ],
)
def test_whole_intent_is_taken(changes: dict[str, object]) -> None:
    check_intent(intent(**changes))


def each(field: str, *values: object) -> list[dict[str, object]]:
    return [{field: value} for value in values]


MALFORMED: list[dict[str, object]] = [
    *each("dataset", "", "Pension", "a b", "a" * 65, "a/b", "张三"),
    *each("question", "", "is_enrolled", "a" * 65),
    *each("purpose", "", "No Purpose", "/a", "a//b", "a" * 201, "a/" * 8 + "a"),
    *each("case_number", "", " ", "a\nb", "a\x1bb", " a", "a ", "7" * 65, "a\u202eb"),
    *each("grant_id", "", "g-1", "g-0123456789ABCDEF", "g-0123456789abcdef0", "grant"),
    *each("role", "", "Clerk", "node", OFFICER, AUDITOR, "clerk "),
    *each("caller", b"", bytes(31), bytes(33)),
    *each("kind", 0, 4, 99),
    *each("commitment", b"", bytes(31), bytes(33)),
    *each("response_key_hash", b"", bytes(33)),
    *each("subjects", 0, 1001, 2**32 - 1),
    {"kind": STATISTIC},
    {"kind": STATISTIC, "subjects": 0, "batch": BATCH},
    {"batch": rec.BatchPosition()},
    {"batch": rec.BatchPosition(batch_id=bytes(17))},
    {"parameters": parameters(("b", "1"), ("a", "1"))},
    {"parameters": parameters(("a", "1"), ("a", "2"))},
    {"parameters": parameters(("", "1"))},
    {"parameters": parameters(("A", "1"))},
    {"parameters": parameters(("a", ""))},
    {"parameters": parameters(("a", "x" * (MAX_PARAMETER + 1)))},
    {"parameters": parameters(("a", "x\ny"))},
    {"parameters": parameters(*((f"p{n}", "1") for n in range(MAX_PARAMETERS + 1)))},
    {"case_number": f"DG-{resident(7)}"},
    {"parameters": parameters(("a", resident(7)))},
    {"parameters": parameters((f"a{resident(7)}", "1"))},
    {"dataset": f"a{resident(7)}"},
    {"purpose": f"tax/{resident(7)}"},
]


@pytest.mark.parametrize("changes", MALFORMED, ids=lambda changes: repr(changes)[:50])
def test_intent_that_lacks_something_or_says_too_much_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(NodeError) as refused:
        check_intent(intent(**changes))
    assert refused.value.reason is Reason.QUERY_INVALID
    assert re.search("[\u4e00-\u9fff]", say(refused.value.wording, "zh"))
    assert resident(7) not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"case_number": "DG\x1b-1"}, "the case number holds a control character .* U\\+001B in place 3"),
        (
            {"parameters": parameters(("n", "60\x7f"))},
            "the parameter n holds a control character .* U\\+007F in place 3",
        ),
    ],
)
def test_control_character_in_what_is_asked_is_named_with_its_place(
    changes: dict[str, object], says: str
) -> None:
    with pytest.raises(NodeError, match=says):
        check_intent(intent(**changes))


def test_the_desk_may_ask_before_grant_and_commitment_are_there() -> None:
    asked = intent(grant_id="", commitment=b"", response_key_hash=b"")
    check_asked(asked)
    with pytest.raises(NodeError):
        check_intent(asked)


@pytest.mark.parametrize("role", ASKING_ROLES)
def test_roles_that_ask_are_those_of_the_desk(role: str) -> None:
    check_intent(intent(role=role))


def test_largest_intent_is_bounded_as_a_record() -> None:
    largest = intent(
        dataset="a" * 64,
        question="b" * 64,
        purpose="c" * 200,
        case_number="号" * MAX_CASE,
        subjects=1000,
        batch=BATCH,
    )
    check_intent(largest)
    parties = usage.Parties("11441900000000035L", "11441900000000019Y", bytes(16))
    assert len(usage.intent_record(2**40, parties, largest)) < usage.MAX_INTENT_BYTES // 4
    largest.parameters.extend(parameters(*((f"p{n}", "值" * MAX_PARAMETER) for n in range(MAX_PARAMETERS))))
    check_intent(largest)  # the whole is bounded where it becomes a record
    assert len(wire.write(largest)) > usage.MAX_INTENT_BYTES

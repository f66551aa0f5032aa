"""About how many subjects a request may be, so that no message of its exchange is longer than nodes take."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from node.core.bounds import MAX_ANSWER, MAX_SUBJECTS
from node.core.log.usage import MAX_INTENT_BYTES
from node.core.messages.envelope import response_bucket
from node.core.policy.dataset import FieldType
from node.core.policy.policy import Policy
from node.core.policy.question import Derived, Question
from node.core.policy.question_kind import QuestionKind

MESSAGE_BYTES: Final = 4 << 20
"""How long a message may be at a node whose settings do not say otherwise."""
LONGEST_ANSWER: Final = 4 * MAX_ANSWER
"""In bytes of UTF-8."""
_SHORT: Final = 64
"""Bytes of a derived value that is no text of the data: a number, a day, a code, yes or no."""
_AROUND_EACH: Final = 8
"""What an answer takes beside its value."""
_BESIDE: Final = MAX_INTENT_BYTES + 4096
"""Verdict, with the intent in it, and receipt."""
_AROUND: Final = 256
"""What seals an answer and frames it."""
_WHOLE: Final = frozenset({Derived.PLAIN, Derived.MASK})


@dataclass(frozen=True, slots=True)
class ChunkBound:
    """What a node's settings say: about how many `subjects` a request may be, how long a message is."""

    subjects: int = MAX_SUBJECTS
    message_bytes: int = MESSAGE_BYTES

    def given(self, policy: Policy, question: Question) -> int:
        """About how many subjects this node answers a question in one request.

        By what its policy says, not by what the answers are: how long those are is the provider's to know.
        """
        # Who asks takes messages as long as is usual, if not longer ones.
        return self._most(longest_answer(policy, question), min(self.message_bytes, MESSAGE_BYTES))

    def taken(self, kind: QuestionKind | None) -> int:
        """About how many subjects this node asks a question of a kind in one request, whatever comes."""
        if self.message_bytes >= MESSAGE_BYTES:
            return self.subjects  # no provider answers with more
        return self._most(LONGEST_ANSWER if kind is QuestionKind.FIELD else 0, self.message_bytes)

    def _most(self, longest: int, message_bytes: int) -> int:
        counts = range(1, self.subjects + 1)
        fitting = bisect_right(counts, message_bytes, key=lambda count: _length(count, longest))
        return max(1, fitting)


def longest_answer(policy: Policy, question: Question) -> int:
    """The bytes of the longest value that a question lets out about one subject; 0 of a verification."""
    derivation = question.derivation
    if derivation is None:
        return 0
    field = policy.dataset.fields[derivation.field]
    if derivation.how in _WHOLE and field.type is FieldType.TEXT:
        return LONGEST_ANSWER
    told = [*field.values, *derivation.details]
    return max([_SHORT, *(len(text.encode()) for text in told)])


def _length(subjects: int, longest: int) -> int:
    """Of a sealed answer at most; `response_bucket` says to which lengths it is filled up."""
    needed = _BESIDE + subjects * (longest + _AROUND_EACH if longest else 1)
    size = response_bucket(subjects)
    while size < needed:
        size *= 2
    return size + _AROUND

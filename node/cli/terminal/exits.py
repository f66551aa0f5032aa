"""The exit codes of the command line, one table for scripts to rely on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from node.errors import OF_THE_NODE, NodeError, Reason


class Exit(IntEnum):
    """What a command's exit code means; `dxnode --help` prints this table."""

    OK = 0
    """Done. With `verify --exit-code`: the answer is yes."""
    FAILED = 1
    """A defect of the node or of this program."""
    USAGE = 2
    """The command line, its input, a setting or a policy is wrong: change it."""
    DENIED = 3
    """Refused by policy, grant, role or suspension: asking again will not help."""
    UNAVAILABLE = 4
    """Not possible now: try again later."""
    INTEGRITY = 5
    """A proof, signature, log or directory does not verify: call the operator."""
    USED_UP = 6
    """A quota or privacy budget is used up."""
    NO = 10
    """With `verify --exit-code`: the answer is no."""
    WARNINGS = 11
    """With `policy check` and `policy test`: there are warnings, but no errors."""
    UNREADABLE = 12
    """With `policy check` and `policy test`: a file or folder cannot be read."""
    NARROWER = 13
    """With `policy diff`: somebody may learn less, and nobody more."""
    WIDER = 14
    """With `policy diff`: somebody may learn more, or it is not proved that nobody may."""
    OUTSTANDING = 15
    """With `catalogue verify`: an approval is missing. With `catalogue due`: something is overdue."""
    PARTIAL = 16
    """With `batch`: done, but some rows have no answer; the output says why."""
    INTERRUPTED = 130
    """Stopped from the keyboard."""


EXIT_OF_REASON: Mapping[Reason, Exit] = {
    Reason.CALLER_UNIDENTIFIED: Exit.DENIED,
    Reason.NO_GRANT: Exit.DENIED,
    Reason.PURPOSE_NOT_ALLOWED: Exit.DENIED,
    Reason.QUESTION_NOT_ALLOWED: Exit.DENIED,
    Reason.CONDITION_NOT_MET: Exit.DENIED,
    Reason.GRANT_EXPIRED: Exit.DENIED,
    Reason.SUSPENDED: Exit.DENIED,
    Reason.NOT_SHARED: Exit.DENIED,
    Reason.QUERY_INVALID: Exit.USAGE,
    Reason.ENVELOPE_INVALID: Exit.INTEGRITY,
    Reason.PROOF_INVALID: Exit.INTEGRITY,
    Reason.KEY_ID_UNKNOWN: Exit.UNAVAILABLE,
    Reason.POLICY_NOT_LOADED: Exit.UNAVAILABLE,
    Reason.DIRECTORY_EXPIRED: Exit.UNAVAILABLE,
    Reason.DIRECTORY_INVALID: Exit.INTEGRITY,
    Reason.CONFIG_INVALID: Exit.USAGE,
    Reason.CLOCK_SKEWED: Exit.UNAVAILABLE,
    Reason.STATE_LOST: Exit.UNAVAILABLE,
    Reason.BUDGET_EXHAUSTED: Exit.USED_UP,
    Reason.QUOTA_EXHAUSTED: Exit.USED_UP,
    Reason.RATE_LIMITED: Exit.UNAVAILABLE,
    Reason.OVERLOADED: Exit.UNAVAILABLE,
    Reason.TOO_LARGE: Exit.USAGE,
    Reason.REQUEST_REPLAYED: Exit.INTEGRITY,
    Reason.NOT_FOUND: Exit.USAGE,
    Reason.SOURCE_UNAVAILABLE: Exit.UNAVAILABLE,
    Reason.PEER_UNAVAILABLE: Exit.UNAVAILABLE,
    Reason.DRAINING: Exit.UNAVAILABLE,
    Reason.TIMEOUT: Exit.UNAVAILABLE,
    Reason.STORE_UNAVAILABLE: Exit.UNAVAILABLE,
    Reason.SOURCE_BUSY: Exit.UNAVAILABLE,
    Reason.OUTPUT_UNAVAILABLE: Exit.UNAVAILABLE,
    Reason.LOG_CORRUPT: Exit.INTEGRITY,
    Reason.LOG_DIFFERS: Exit.INTEGRITY,
    Reason.INTERNAL: Exit.FAILED,
}


def exit_of(error: NodeError) -> Exit:
    """The exit code of an error; mistakes in policies and bundles at hand are for the caller to mend."""
    if error.reason is Reason.POLICY_NOT_LOADED:
        from node.core.policy.bundle import BundleRefusedError
        from node.core.reading.build import PoliciesInvalidError

        if isinstance(error, PoliciesInvalidError | BundleRefusedError):
            return Exit.USAGE
    return Exit.UNAVAILABLE if by_peer(error) else EXIT_OF_REASON[error.reason]


def is_denial(error: NodeError) -> bool:
    """Whether it says that this may not be asked: what comes of another try is the same."""
    return EXIT_OF_REASON[error.reason] is Exit.DENIED and not by_peer(error)


def by_peer(error: NodeError) -> bool:
    """Whether another department's node says this of itself: nothing for the caller to mend."""
    return error.reason in OF_THE_NODE and error.metadata.get("decided_by") == "provider"

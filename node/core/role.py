"""Roles of desk callers: which questions and purposes each may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from node.core.purpose import purpose_covers
from node.errors import NodeError, Reason

OPERATOR = "operator"
CLERK = "clerk"
SYSTEM = "system"
OFFICER = "officer"
AUDITOR = "auditor"
ROLES = (CLERK, SYSTEM, OFFICER, AUDITOR)
"""The roles that a certificate can carry; the operator is who can open the node's Unix socket."""
ASKING_ROLES = (CLERK, SYSTEM, OPERATOR)
"""The roles that may ask other departments, within what `Roles` says of each."""
OPERATOR_FINGERPRINT = hashlib.sha256(b"dxnode/v1/operator").digest()
"""Stands for the certificate that the operator does not need, so that no record lacks who asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who used the desk: a role, and the SHA-256 of the certificate (`OPERATOR_FINGERPRINT` without)."""

    role: str
    fingerprint: bytes = b""


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What one role may ask: patterns of `dataset/question` (`*` matches), and purposes with their children.

    An empty `purposes` means every purpose.
    """

    questions: tuple[str, ...]
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The rules of all roles; a role without a rule may ask nothing."""

    rules: Mapping[str, RoleRule]

    def check_ask(self, caller: Caller, dataset: str, question: str, purpose: str) -> None:
        """Raises NodeError(QUESTION_NOT_ALLOWED) or (PURPOSE_NOT_ALLOWED) when the role may not ask this."""
        if caller.role == OPERATOR:
            return
        rule = self.rules.get(caller.role)
        asked = f"{dataset}/{question}"
        if rule is None or not any(fnmatchcase(asked, pattern) for pattern in rule.questions):
            raise NodeError(
                Reason.QUESTION_NOT_ALLOWED,
                "error.role.may-not-ask",
                role=caller.role,
                asked=asked,
                clause="role.questions",
            )
        if rule.purposes and not any(purpose_covers(allowed, purpose) for allowed in rule.purposes):
            raise NodeError(
                Reason.PURPOSE_NOT_ALLOWED,
                "error.role.may-not-ask-purpose",
                role=caller.role,
                clause="role.purposes",
            )


def require(caller: Caller, *roles: str) -> None:
    """Raises NodeError(QUESTION_NOT_ALLOWED) unless the caller has one of the roles or is the operator."""
    if caller.role != OPERATOR and caller.role not in roles:
        needed = (*roles, OPERATOR)
        raise NodeError(Reason.QUESTION_NOT_ALLOWED, "error.role.needs-role", needed=needed, clause="role")

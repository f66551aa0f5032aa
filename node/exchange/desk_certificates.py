"""Which certificates of desk callers the operator has revoked: each for good or until it is let in again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.json_text import canonical_json
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob, require_note
from node.exchange.group import GroupCommit

FACT: Final = "desk.revoked"
MOST: Final = 1000
"""Revoked certificates that are kept; those that have expired need not be."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoked certificate: the SHA-256 of its DER form in hex, when it was revoked, and why."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    fingerprint: Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
    time_ms: int
    reason: str


_LIST = TypeAdapter(Annotated[list[Revoked], Field(max_length=MOST)])


class DeskCertificates:
    """The revoked certificates: looked at with every call, and every part of a stream."""

    def __init__(
        self, department: str, kept: str | None, commit: GroupCommit, clock_ms: Callable[[], int]
    ) -> None:
        """`kept` is the fact of the name `FACT`. Raises NodeError(LOG_CORRUPT) if it cannot be read."""
        self._department = department
        self._commit = commit
        self._clock_ms = clock_ms
        self._turn = asyncio.Lock()
        try:
            revoked = _LIST.validate_json(kept) if kept else []
        except ValidationError:
            raise NodeError(Reason.LOG_CORRUPT, "error.exchange.revocations-unreadable") from None
        self._revoked = {each.fingerprint: each for each in revoked}

    def revoked(self, fingerprint: bytes) -> bool:
        """Whether the certificate of this fingerprint (32 bytes) was revoked."""
        return fingerprint.hex() in self._revoked

    def all(self) -> list[Revoked]:
        """All that are revoked, the newest first."""
        return sorted(self._revoked.values(), key=lambda each: (-each.time_ms, each.fingerprint))

    async def revoke(self, caller: Caller, fingerprint: bytes, reason: str) -> Revoked:
        """Let nobody in with the certificate any more, from this moment on; once more changes nothing.

        Raises NodeError(QUERY_INVALID), and (STORE_UNAVAILABLE) where it could not be made durable.
        """
        reason, key = require_note(reason), _checked(fingerprint).hex()
        async with self._turn:
            if (known := self._revoked.get(key)) is not None:
                return known
            if len(self._revoked) >= MOST:
                raise NodeError(
                    Reason.QUERY_INVALID,
                    "error.exchange.certificates-revoked",
                    most=MOST,
                )
            revoked = Revoked(key, self._clock_ms(), reason)
            before, self._revoked = self._revoked, {**self._revoked, key: revoked}
            try:  # what takes away holds before it is durable
                await self._record(caller, "desk.revoke", key, reason, self._revoked)
            except BaseException:
                self._revoked = before
                raise
            return revoked

    async def let_in(self, caller: Caller, fingerprint: bytes, reason: str) -> None:
        """Let the certificate count again. Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        reason, key = require_note(reason), _checked(fingerprint).hex()
        async with self._turn:
            if key not in self._revoked:
                raise NodeError(Reason.NOT_FOUND, "error.exchange.certificate-not-revoked")
            left = {each: revoked for each, revoked in self._revoked.items() if each != key}
            await self._record(caller, "desk.unrevoke", key, reason, left)
            self._revoked = left  # what gives holds after it is durable

    async def _record(
        self, caller: Caller, action: str, key: str, reason: str, revoked: Mapping[str, Revoked]
    ) -> None:
        facts = ((FACT, canonical_json(_LIST, list(revoked.values())).decode()),)
        job = AdminJob(self._department, caller, action, key, reason, facts=facts)
        await self._commit.run(job, by_staff=True)


def _checked(fingerprint: bytes) -> bytes:
    if len(fingerprint) != 32:
        raise NodeError(Reason.QUERY_INVALID, "error.exchange.fingerprint-length")
    return fingerprint

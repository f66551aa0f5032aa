"""How each kind of value is spelled in the directory: one way only, so that a directory has one encoding."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

from node.core.identity import normalise_credit_code, normalise_region
from node.errors import NodeError, Reason

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
# A name, +, four bytes in hex, +, base64 (C2SP signed-note); ML-DSA-65 keys are the longest, about 2.6 KB.
_VERIFIER_KEY = re.compile(r"[!-*,-~]{1,100}\+[0-9a-f]{8}\+[0-9A-Za-z+/]{40,6000}={0,2}")
_SEALING_KEY = re.compile(
    r"[a-z0-9-]{1,64}\+(?P<id>[0-9a-f]{16})\+(?P<created>[^+]{20})\+(?P<expires>[^+]{20})\+[0-9A-Za-z+/]{40,6000}={0,2}"
)
_HOST = r"[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?|\[[0-9A-Fa-f:.]{2,45}\]"
_ENDPOINT = re.compile(rf"(?:{_HOST}):([1-9][0-9]{{0,4}})")
_CERTIFICATE = r"-----BEGIN CERTIFICATE-----\n(?:[0-9A-Za-z+/=]{1,76}\n){1,200}-----END CERTIFICATE-----\n"
_CERTIFICATES = re.compile(rf"(?:{_CERTIFICATE}){{0,8}}")


class Role(StrEnum):
    """What a member does besides asking and answering."""

    AUTHORITY = "authority"
    """政务数据共享主管部门: signs the directory, reviews catalogues, witnesses logs."""
    GATEWAY = "gateway"
    """政务数据共享平台: carries sealed envelopes for other departments, and can open none."""


def moment_text(at: datetime) -> str:
    """UTC to the second, as in 2026-11-22T08:30:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and (at := _read_moment(value)) is not None:
        return at
    raise PydanticCustomError("file.directory.moment", "moment")


def _as_fault(error: NodeError) -> PydanticCustomError:
    """What an error says, as `node.core.json_text.first_fault` reads it."""
    return PydanticCustomError(error.wording.key, "fault", dict(error.wording.args))


def _in_normal_form(normalise: Callable[[str], str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            normal = normalise(text)
        except NodeError as error:
            raise _as_fault(error) from None
        if normal != text:
            raise PydanticCustomError("file.directory.normal-form", "normal form", {"normal": normal})
        return text

    return check


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise PydanticCustomError("file.directory.line", "line")
    return text


def _endpoint(text: str) -> str:
    match = _ENDPOINT.fullmatch(text)
    if match is None or int(match[1]) > 65535:
        raise PydanticCustomError("file.directory.endpoint", "endpoint")
    return text


def _verifier_key(text: str) -> str:
    if not _VERIFIER_KEY.fullmatch(text):
        raise PydanticCustomError("file.directory.verifier-key", "verifier key")
    return text


def _certificates(text: str) -> str:
    if not _CERTIFICATES.fullmatch(text):
        raise PydanticCustomError("file.directory.certificates", "certificates")
    return text


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A public sealing key in its text form (`node.crypto.sealing`), and what that says of it."""

    encoded: str
    key_id: str
    created: datetime
    expires: datetime

    @classmethod
    def parse(cls, text: str) -> SealingKey:
        """Raises NodeError(DIRECTORY_INVALID) for a text of another form; the key itself is not looked at."""
        if (match := _SEALING_KEY.fullmatch(text)) is not None:
            created, expires = _read_moment(match["created"]), _read_moment(match["expires"])
            if created is not None and expires is not None and created < expires:
                return cls(text, match["id"], created, expires)
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.directory.sealing-key-malformed",
        )


def _sealing_key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return SealingKey.parse(value)
    except NodeError as error:
        raise _as_fault(error) from None


Level = Literal["national", "province", "city", "county", "town"]
Code = Annotated[str, AfterValidator(_in_normal_form(normalise_credit_code))]
Region = Annotated[str, AfterValidator(_in_normal_form(normalise_region))]
OneLine = AfterValidator(_one_line)
"""What people read: printable, without blanks around it; "" too, unless a length says otherwise."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=200), OneLine]
Endpoint = Annotated[str, StringConstraints(max_length=300), AfterValidator(_endpoint)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
Certificates = Annotated[str, StringConstraints(max_length=64 << 10), AfterValidator(_certificates)]
VerifierKey = Annotated[str, StringConstraints(max_length=6200), AfterValidator(_verifier_key)]
MAX_KEYS: Final = 8
"""Keys of one use that a member may have in the directory: that in use, the next, and those before."""
VerifierKeys = Annotated[tuple[VerifierKey, ...], Field(min_length=1, max_length=MAX_KEYS)]
MIN_APPROVALS: Final = 2
"""Officers who have to sign a policy bundle, at the least: four eyes."""
MAX_OFFICERS: Final = 16
OfficerKeys = Annotated[tuple[VerifierKey, ...], Field(max_length=MAX_OFFICERS)]
Approvals = Annotated[int, Field(ge=MIN_APPROVALS, le=MAX_OFFICERS)]
Moment = Annotated[datetime, BeforeValidator(_moment), PlainSerializer(moment_text, return_type=str)]
SealingKeyField = Annotated[
    SealingKey,
    BeforeValidator(_sealing_key),
    PlainSerializer(lambda key: key.encoded, return_type=str),
]
SealingKeys = Annotated[tuple[SealingKeyField, ...], Field(max_length=MAX_KEYS)]

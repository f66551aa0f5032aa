"""`dxnode desk`: certificates of the department's own staff and systems that are to count no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli.terminal.output import when
from node.cli.terminal.session import DeskSession, with_desk
from node.errors import NodeError, Reason
from node.texts.wording import t

app = typer.Typer()

_NO_CERTIFICATE: Final = frozenset({"error.pem.no-certificate", "error.crypto.caller-certificate-unreadable"})
_NO_ROLE: Final = frozenset({"error.crypto.no-single-department", "error.crypto.no-alternative-name"})
"""What is wrong with a certificate of a port or of an authority, taken for one of staff."""
_FINGERPRINT: Final = re.compile(r"(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}")

Certificate = Annotated[str, typer.Argument(metavar="CERTIFICATE", show_default=False)]
Why = Annotated[str, typer.Option("--reason", show_default=False)]


@app.command("revoke")
@with_desk
def revoke(session: DeskSession, certificate: Certificate, reason: Why) -> None:
    """Let nobody in with a certificate any more."""
    revoked = session.client.admin.revoke_certificate(_of_staff(certificate), reason)
    session.terminal.result(revoked, t("desk_certificate.revoked", fingerprint=revoked.fingerprint))


@app.command("unrevoke")
@with_desk
def unrevoke(session: DeskSession, certificate: Certificate, reason: Why) -> None:
    """Let a revoked certificate count again."""
    fingerprint = _fingerprint(certificate)
    session.client.admin.unrevoke_certificate(fingerprint, reason)
    session.terminal.result(
        {"fingerprint": fingerprint.hex()}, t("desk_certificate.unrevoked", fingerprint=fingerprint.hex())
    )


@app.command("list")
@with_desk
def revoked(session: DeskSession) -> None:
    """The certificates that are revoked."""
    found = session.client.admin.revoked_certificates()
    if session.terminal.json:
        session.terminal.document(found)
        return
    rows = [(each.fingerprint, when(each.since), each.reason) for each in found]
    session.terminal.table(
        [t(f"desk_certificate.{name}") for name in ("fingerprint", "since", "reason")],
        rows,
        t("desk_certificate.none"),
    )


def _of_staff(certificate: str) -> bytes:
    """As `_fingerprint`, but of no file that lets nobody in: the one that was meant would stay good."""
    found = _fingerprint(certificate)
    if not _FINGERPRINT.fullmatch(certificate) and not _names_a_role(Path(certificate)):
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-staff-certificate", certificate=certificate)
    return found


def _names_a_role(path: Path) -> bool:
    from node.crypto.certificates import identify
    from node.files.pem import read_certificates

    try:
        return bool(identify(read_certificates(path)).role)
    except NodeError as error:
        return error.wording.key not in _NO_ROLE  # of one that is spelled in another way nothing is known


def _fingerprint(certificate: str) -> bytes:
    """Of a certificate file, or as it is given: 64 hexadecimal digits, with colons or without."""
    if _FINGERPRINT.fullmatch(certificate):
        return bytes.fromhex(certificate.replace(":", ""))
    from node.crypto.certificates import fingerprint
    from node.files.pem import read_certificates

    try:
        return fingerprint(read_certificates(Path(certificate)))
    except NodeError as error:
        if error.wording.key not in _NO_CERTIFICATE:
            raise
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-certificate", certificate=certificate) from None

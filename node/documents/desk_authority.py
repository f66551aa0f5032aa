"""Replaces the certificate of the desk port, and the authority of that and of the callers' certificates.

The authority is replaced in two steps, so that no caller is let down between them: the next one stands beside
the one before, which the desk's own certificate stays under, until each caller has a certificate of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from node.crypto.certificates import Certified, ends_of, hosts_in, issue_desk, without
from node.documents.pki import CERTIFICATE_LIFETIME, NodeFiles, make_desk_authority
from node.errors import NodeError, Reason
from node.files.pem import read_certificates
from node.files.whole import PUBLIC, write_file

_WORTH_IT: Final = timedelta(days=30)
"""Under an authority that ends sooner, no certificate is issued if there is another."""


def rotate_desk_certificate(files: NodeFiles, code: str, hosts: Sequence[str], now: datetime) -> datetime:
    """Put a new certificate of the desk port in place, and say when it ends.

    It is for `hosts` and those of the one before. Callers need nothing new: they trust the desk authority.
    Raises NodeError(CONFIG_INVALID), also when the desk's certificate is of another authority.
    """
    _require_authority(files)
    return _issue(files, _known_to_all(files, now), code, hosts, now)


def rotate_desk_authority(files: NodeFiles, code: str, now: datetime) -> datetime:
    """Put the next authority of desk callers beside the one in use, and say when it ends.

    From now on callers get certificates of the next one. Those of the one before count on, and the desk shows
    a certificate that callers of both know. Raises NodeError(CONFIG_INVALID), also while the rotation before
    was not ended by `retire_desk_authority`.
    """
    _require_authority(files)
    before, earlier = files.desk_authority.read(), files.desk_authority.earlier
    # One that was cut off before its end has made no other authority yet.
    if earlier.exist() and earlier.read() != before:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.documents.desk-authority-rotating", path=str(earlier.certificate)
        )
    made = make_desk_authority(code, now)
    earlier.write(before)
    # Whom the node trusts grows first: nobody comes with a certificate that it does not know yet.
    write_file(files.desk_roots, made.certificate + read_certificates(files.desk_roots), PUBLIC)
    files.desk_authority.write(made)
    return ends_of(made.certificate)[0][1]


def retire_desk_authority(files: NodeFiles, code: str, hosts: Sequence[str], now: datetime) -> datetime:
    """Trust the authority before no more; the desk shows a certificate of the next: says when that ends.

    Raises NodeError(CONFIG_INVALID), also where there is no authority before.
    """
    earlier = files.desk_authority.earlier
    if not earlier.exist():
        raise NodeError(
            Reason.CONFIG_INVALID, "error.documents.no-desk-authority-before", path=str(earlier.certificate)
        )
    retired = earlier.read()
    ends = _issue(files, files.desk_authority.read(), code, hosts, now)
    write_file(files.desk_roots, without(read_certificates(files.desk_roots), retired.certificate), PUBLIC)
    for path in (earlier.key, earlier.certificate):
        path.unlink()
    return ends


def _require_authority(files: NodeFiles) -> None:
    if not files.desk_authority.exist():
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.documents.no-desk-authority",
            path=str(files.desk_authority.certificate),
            certificate=str(files.desk.certificate),
        )


def _known_to_all(files: NodeFiles, now: datetime) -> Certified:
    """The authority that every caller knows: the one before the next, as long as there is one."""
    earlier = files.desk_authority.earlier
    if earlier.exist():
        before = earlier.read()
        if ends_of(before.certificate)[0][1] > now + _WORTH_IT:
            return before
    return files.desk_authority.read()


def _issue(
    files: NodeFiles, authority: Certified, code: str, hosts: Sequence[str], now: datetime
) -> datetime:
    with suppress(NodeError):  # one that cannot be read names none
        hosts = list(dict.fromkeys((*hosts, *hosts_in(read_certificates(files.desk.certificate)))))
    made = issue_desk(authority, f"desk of {code}", hosts, now, CERTIFICATE_LIFETIME)
    files.desk.write(made)
    return ends_of(made.certificate)[0][1]

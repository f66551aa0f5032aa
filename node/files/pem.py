"""Certificates and private keys as people are given them, brought to plain PEM (RFC 7468) before use.

Text around the PEM, byte order marks, other line ends and DER are read. What is something else is named, with
what to do about it.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.errors import NodeError, Reason
from node.files.text import plain_text
from node.files.whole import read_file, read_private_file
from node.texts.message import Value

LONGEST: Final = 1 << 20
"""Bytes of a file of certificates or of a key."""
_CERTIFICATES: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_KEYS: Final = frozenset({"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"})
_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
_PKCS7: Final = "PKCS7"
_PKCS12: Final = "PKCS12"
_NAMED: Final = {
    "ENCRYPTED PRIVATE KEY": "error.pem.key-encrypted",
    "OPENSSH PRIVATE KEY": "error.pem.ssh-key",
    "PUBLIC KEY": "error.pem.public-key",
    "RSA PUBLIC KEY": "error.pem.public-key",
    "CERTIFICATE REQUEST": "error.pem.request",
    "NEW CERTIFICATE REQUEST": "error.pem.request",
    "TRUSTED CERTIFICATE": "error.pem.trusted-form",
    "PKCS7": "error.pem.pkcs7",
    "CMS": "error.pem.pkcs7",
    "PKCS12": "error.pem.pkcs12",
}
"""What may stand in the place of what was asked for, and what is said of it."""
_VERSIONED: Final = {
    (0, 0x30): "PRIVATE KEY",
    (1, 0x30): "PRIVATE KEY",
    (0, 0x02): "RSA PRIVATE KEY",
    (1, 0x04): "EC PRIVATE KEY",
    (3, 0x30): _PKCS12,
}
"""What begins with a version, by that and by the tag behind it (PKCS #8, RFC 8017, RFC 5915, RFC 7292)."""
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_HEADER: Final = re.compile(r"^[A-Za-z-]+:.*(?:\n[ \t].*)*$", re.MULTILINE)
_LINE: Final = 64


@dataclass(frozen=True, slots=True)
class _Block:
    """What stands between two lines of a PEM file, or a DER file as a whole."""

    label: str
    der: bytes = field(repr=False)

    def pem(self, label: str) -> bytes:
        """As RFC 7468 has it written."""
        encoded = b64encode(self.der).decode()
        lines = (encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE))
        return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()


def certificates(content: bytes, path: str) -> bytes:
    """All certificates in the content of the file `path`, in its order, as PEM.

    Raises NodeError(CONFIG_INVALID) when there is none, or one is cut short.
    """
    blocks = _blocks(content, path)
    found = [block for block in blocks if block.label in _CERTIFICATES]
    if not found:
        if any(block.label in _KEYS for block in blocks):
            raise _invalid("error.pem.key-for-certificate", path=path)
        raise _other(blocks, "error.pem.no-certificate", path)
    return b"".join(block.pem("CERTIFICATE") for block in found)


def private_key(content: bytes, path: str) -> bytes:
    """The one private key in the content of the file `path`, as PEM.

    Raises NodeError(CONFIG_INVALID) when there is none, or more, or one under a passphrase.
    """
    blocks = _blocks(content, path)
    found = [block for block in blocks if block.label in _KEYS]
    if len(found) > 1:
        raise _invalid("error.pem.several-keys", path=path)
    if not found:
        if any(block.label in _CERTIFICATES for block in blocks):
            rest = [block for block in blocks if block.label == _ENCRYPTED]
            raise _other(rest, "error.pem.certificate-for-key", path)
        raise _other(blocks, "error.pem.no-key", path)
    return found[0].pem(found[0].label)


def read_certificates(path: Path) -> bytes:
    """As `certificates`, of a file; one that holds a private key too must be closed to others."""
    content = read_file(path, LONGEST)
    if any(block.label in _KEYS | {_ENCRYPTED} for block in _blocks(content, str(path))):
        content = read_private_file(path, LONGEST)
    return certificates(content, str(path))


def read_private_key(path: Path) -> bytes:
    """As `private_key`, of a file that only its owner may read."""
    return private_key(read_private_file(path, LONGEST), str(path))


def _blocks(content: bytes, path: str) -> list[_Block]:
    if not content.strip():
        raise _invalid("error.pem.empty", path=path)
    if content[:1] == b"\x30" and (label := _label_of(content)):
        return [_Block(label, content)]
    # As JSON and settings hold it, and with what nobody sees in text that was copied.
    text = _UNSEEN.sub(
        "", plain_text(content).decode("utf-8", "replace").replace("\\r", "").replace("\\n", "\n")
    )
    # Blanks before a line are left behind where PEM stood indented in another file.
    text = re.sub(r"(?m)^[ \t]+(?=\S)", "", text) if re.search(r"(?m)^[ \t]+-----BEGIN", text) else text
    found = [_block(each[1], each[2], path) for each in _BLOCK.finditer(text)]
    if len(found) != len(_BEGIN.findall(text)):
        raise _invalid("error.pem.cut-short", path=path)
    return found


def _block(label: str, body: str, path: str) -> _Block:
    if "ENCRYPTED" in body and label in _KEYS:  # of old OpenSSL, in a header: Proc-Type: 4,ENCRYPTED
        return _Block(_ENCRYPTED, b"")
    try:
        der = b64decode("".join(_HEADER.sub("", body).split()), validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("error.pem.damaged", path=path) from None
    return _Block(label, der)


def _other(blocks: list[_Block], otherwise: str, path: str) -> NodeError:
    """What is there in the place of what was asked for."""
    for block in blocks:
        if block.label in _NAMED:
            return NodeError(Reason.CONFIG_INVALID, _NAMED[block.label], path=path)
    return NodeError(Reason.CONFIG_INVALID, otherwise, path=path)


_ENCRYPTING: Final = (bytes.fromhex("06092a864886f70d0105"), bytes.fromhex("060a2a864886f70d010c01"))
"""How the names of algorithms begin that encrypt a key under a passphrase (PKCS #5, PKCS #12)."""


def _label_of(der: bytes) -> str:
    """What a DER file is, by how it begins; "" for anything else.

    It is a sequence. First comes a version, with something else behind it in each kind of key; or the name of
    a kind; or a sequence again, of what was signed or of the name of an algorithm.
    """
    inside = _content(der)
    if inside.startswith(b"\x06"):
        return _PKCS7
    if inside.startswith(b"\x02\x01"):
        return _VERSIONED.get((inside[2], inside[3]), "") if len(inside) > 3 else ""
    if not inside.startswith(b"\x30"):
        return ""
    first = _content(inside)
    if first.startswith(b"\x06"):
        return _ENCRYPTED if first.startswith(_ENCRYPTING) else "PUBLIC KEY"
    return "CERTIFICATE REQUEST" if first.startswith(b"\x02\x01\x00\x30") else "CERTIFICATE"


def _content(der: bytes) -> bytes:
    """What stands in the first value (X.690, 8.1.3), without a look at where it ends."""
    if len(der) < 2:
        return b""
    return der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)

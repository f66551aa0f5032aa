"""How a signed note is put down: its text, and one line for each signature under it (C2SP signed-note)."""

from __future__ import annotations

from base64 import b64decode, b64encode


def note_of(body: bytes, *signatures: tuple[str, bytes]) -> bytes:
    """The note of a text that ends in a newline; `signatures` are names with key ID and signature."""
    lines = (f"— {name} {b64encode(signature).decode()}\n".encode() for name, signature in signatures)
    return b"".join((body, b"\n", *lines))


def only_signature(note: bytes, body: bytes, name: str) -> bytes | None:
    """The signature (with its key ID) if the note is this text with that one signature, spelled as here."""
    start, end = note_of(body, (name, b""))[:-1], b"\n"
    if not note.startswith(start) or not note.endswith(end):
        return None
    try:
        signature = b64decode(note[len(start) : -1], validate=True)
    except ValueError:
        return None
    return signature if note_of(body, (name, signature)) == note else None

"""Opens an officer's key for a command that signs with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from node.cli.pki.node import tell_open_folder
from node.cli.terminal.passphrase import read_passphrase

if TYPE_CHECKING:
    from node.cli.terminal.output import Terminal
    from node.crypto.signing import Signer


def open_officer(terminal: Terminal, key: Path, passphrase_file: Path | None) -> Signer:
    """The signer in a key file, under the passphrase in a file or that is asked for.

    Says when others can enter the key's folder. Raises NodeError(CONFIG_INVALID).
    """
    from node.documents.officer_key import open_officer_key

    tell_open_folder(terminal, key)
    return open_officer_key(key, read_passphrase(passphrase_file))

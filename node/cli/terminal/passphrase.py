"""Reads an officer's passphrase: from a hidden prompt, stdin or a file, never from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from node.errors import NodeError, Reason
from node.texts.wording import t

_LONGEST = 1024
PassphraseFile = Annotated[Path | None, typer.Option("--passphrase-file", show_default=False)]


def read_passphrase(source: Path | None, *, new: bool = False) -> str:
    """The first line of `source` ("-" is stdin), or what is typed at a prompt; twice for a new one.

    Raises NodeError(CONFIG_INVALID), never with any of it.
    """
    if source is None and sys.stdin.isatty():
        typed: str = typer.prompt(t("bundle.passphrase"), hide_input=True, err=True)
        if new and typed != typer.prompt(t("bundle.passphrase_again"), hide_input=True, err=True):
            raise NodeError(Reason.CONFIG_INVALID, "error.cli.passphrases-differ")
        return typed
    if source is None or str(source) == "-":
        text = sys.stdin.readline(_LONGEST).removeprefix("\ufeff")
    else:
        from node.files.text import decoded
        from node.files.whole import read_private_file

        text = decoded(read_private_file(source, _LONGEST))
    lines = text.splitlines()
    if not lines or not lines[0]:
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.passphrase-empty")
    return lines[0]

"""Relative paths in the URL of a database: they count from the file that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_FILES: Final = frozenset(
    {
        *("passfile", "sslcert", "sslcrl", "sslcrldir", "sslkey", "sslrootcert"),
        *("read_default_file", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "unix_socket"),
    }
)
"""What psycopg (libpq) and PyMySQL take files by."""
_NO_FILE: Final = {"sslrootcert": "system"}


def counted_from(folder: Path, url: str) -> str:
    """The URL with all paths in it absolute. One that is no URL stays, for whoever opens it to refuse."""
    try:
        parsed = make_url(url)
        changed = parsed.set(query=_with_files(folder, dict(parsed.query)))
        database = parsed.database
        if parsed.get_backend_name() == "sqlite" and database and not database.startswith((":", "file:")):
            changed = changed.set(database=str(folder.absolute() / database))
    except (ArgumentError, ValueError, TypeError):
        return url
    # Written anew only where need be: a password may be spelled in several ways.
    return url if changed == parsed else changed.render_as_string(hide_password=False)


def _with_files(folder: Path, query: dict[str, tuple[str, ...] | str]) -> dict[str, tuple[str, ...] | str]:
    return {
        name: str(folder.absolute() / value)
        if name in _FILES and isinstance(value, str) and value and value != _NO_FILE.get(name)
        else value
        for name, value in query.items()
    }

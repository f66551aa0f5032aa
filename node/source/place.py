"""Where data are, in one spelling for all ways to write it: what tells one source from another.

Budgets are kept by source too, so a link, a relative path, another user of the database or its standard port
must not make another source of it. No password is in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from node.errors import NodeError, Reason
from node.source.spec import DatabaseSpec, FileSpec, SourceSpec

# MariaDB answers to both names.
_BACKENDS = {"mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521}
_SCHEMAS = {"postgresql": "public", "mssql": "dbo", "sqlite": "main"}
_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
# What of a URL's query says where the database is, and not how to talk to it.
_WHERE = ("host", "port", "dbname", "service", "service_name", "unix_socket")


def place_of(spec: SourceSpec) -> str:
    """The place of a source. Raises NodeError(CONFIG_INVALID) for a URL that is none."""
    return file_place(spec) if isinstance(spec, FileSpec) else _database_place(spec)


def file_place(spec: FileSpec) -> str:
    """The place of a data file, whatever links lead to it."""
    return f"file {os.path.realpath(spec.path)}"


def _database_place(spec: DatabaseSpec) -> str:
    try:
        url = make_url(spec.url)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError, TypeError):
        raise NodeError(Reason.CONFIG_INVALID, "error.source.database-url-malformed") from None
    backend = _BACKENDS.get(backend, backend)
    schema, _, table = spec.table.rpartition(".")
    if not schema:  # MySQL's schemas are its databases
        schema = _SCHEMAS.get(backend, url.database or "")
    named = f"{schema}.{table}".casefold()
    if backend == "sqlite":
        return f"{backend} {os.path.realpath(url.database or '')} {named}"
    return f"{backend} {_server(url, backend)}/{(url.database or '').casefold()} {named}"


def _server(url: URL, backend: str) -> str:
    query: Mapping[str, object] = url.query
    elsewhere = "".join(f" {name}={query[name]}" for name in _WHERE if name in query)
    host = (url.host or "").casefold()
    if host in _LOCAL and not elsewhere:
        host = "localhost"
    return f"{host}:{url.port or _PORTS.get(backend, 0)}{elsewhere}"

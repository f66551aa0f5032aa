"""Opens the node's database: one process at a time, durable at commit, at the known schema version."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, exc, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import PoolProxiedConnection

from node.errors import NodeError, Reason
from node.files.private_folder import make_private
from node.store import driver, schema

BUSY_SECONDS = 5.0
BEGIN = {"sqlite": "BEGIN IMMEDIATE"}
"""How a write transaction begins, by dialect."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn database errors into NodeError(STORE_UNAVAILABLE), without the statement or its values."""
    try:
        yield
    except (exc.SQLAlchemyError, driver.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise NodeError(
            Reason.STORE_UNAVAILABLE,
            "error.store.database-unusable",
            kind=_kind(cause),
        ) from None


def open_engine(path: Path) -> Engine:
    """An engine on the SQLite file at `path`, which is made (mode 0600) or brought up to date first.

    Raises NodeError(STORE_UNAVAILABLE) when it cannot be used, and (CONFIG_INVALID) when a newer
    dxnode wrote it.
    """
    with store_errors():
        make_private(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        engine = create_engine(
            f"sqlite:///{path}", module=driver.MODULE, pool_size=8, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        event.listen(engine, "handle_error", _on_error)
        with engine.begin() as connection:
            _migrate(connection)
    return engine


def lock_state(folder: Path) -> int:
    """Take the state folder for this process; returns the open descriptor, which holds the lock.

    Raises NodeError(CONFIG_INVALID) when another process has it.
    """
    with store_errors():
        make_private(folder)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.store.folder-taken",
            folder=str(folder),
        ) from None
    return descriptor


def never_wait(connection: PoolProxiedConnection) -> None:
    """Make a connection say at once that another one writes, in place of waiting for it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    cursor.close()


def is_busy(error: Exception) -> bool:
    """Whether another connection writes."""
    return driver.primary_code_of(error) == sqlite3.SQLITE_BUSY


def _kind(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return driver.name_of(error)


def _on_connect(connection: DBAPIConnection, _record: object) -> None:
    # A driver's own transaction control is off: BEGIN is ours, so that a writer is immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit that returned is on disk
        "foreign_keys=ON",
        "wal_autocheckpoint=4000",
        "cache_size=-16384",
        "journal_size_limit=67108864",
        "secure_delete=ON",  # what is forgotten is not left in the file
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    readonly = connection.get_execution_options().get("readonly")
    connection.exec_driver_sql("BEGIN" if readonly else BEGIN["sqlite"])


def _on_error(context: ExceptionContext) -> None:
    # One that was opened while the file could not be written never writes again: as good as disconnected.
    if driver.primary_code_of(context.original_exception) in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    ):
        context.is_disconnect = True


def _migrate(connection: Connection) -> None:
    revision = None
    if inspect(connection).has_table("alembic_version"):
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision == schema.REVISION:
        return
    # It tells which plugins it sets up when it is imported.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Only now: Alembic costs start-up time and memory that most starts need not pay.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, schema.REVISION)
    except CommandError:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.store.database-newer",
        ) from None

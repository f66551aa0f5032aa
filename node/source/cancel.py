"""Ends a query that runs in a database, from another thread than the one that waits for it."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.engine import Connection, Engine

_SECONDS = 2.0


def cancel(engine: Engine, connection: Connection) -> None:
    """Cancel what runs on a connection, where its driver can; else the time limit of the session ends it.

    It may have ended meanwhile: what fails is nothing to tell.
    """
    with suppress(Exception):
        driver: object = connection.connection.dbapi_connection
        if engine.dialect.name in ("mysql", "mariadb"):
            number = int(driver.thread_id())  # type: ignore[attr-defined]  # of PyMySQL and mysqlclient
            with engine.connect() as other:
                other.exec_driver_sql(f"KILL QUERY {number}")
        elif hasattr(driver, "interrupt"):  # SQLite
            driver.interrupt()
        elif hasattr(driver, "cancel_safe"):  # psycopg 3, which else would wait for a server that is gone
            driver.cancel_safe(timeout=_SECONDS)
        elif hasattr(driver, "cancel"):  # psycopg 2 and those made after it, Oracle
            driver.cancel()

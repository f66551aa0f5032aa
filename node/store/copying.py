"""Copies the node's database while it is written, and checks a copy against what was signed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text

from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import Head
from node.core.log.merkle import EMPTY_ROOT, Frontier, hash_leaves
from node.core.log.tree import Tree
from node.errors import NodeError, Reason
from node.store import driver, schema
from node.store.engine import store_errors
from node.store.store import Store

PAGES = 1024
"""Copied at a time, between two looks at how far it is."""
_LEAVES = 4096

Progress = Callable[[int, int], None]
"""How much is done, and of how much."""


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database to a new file of mode 0600, whoever writes it meanwhile: all of it as at one moment.

    Raises NodeError(CONFIG_INVALID) when there is none, (STORE_UNAVAILABLE) where it cannot be read, and
    OSError where the new file cannot be written.
    """
    if not source.is_file():
        raise NodeError(Reason.CONFIG_INVALID, "error.store.settings-missing", source=str(source))
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with store_errors():
        refused = _copied(source, target, progress)
    if refused:
        raise OSError(refused, os.strerror(refused), str(target))
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copied(source: Path, target: Path, progress: Progress) -> int:
    """0, or the system's number of why the copy cannot be written. Raises the driver's error for all else."""
    try:
        driver.copy(str(source), str(target), PAGES, progress)
    except driver.Error as error:
        # Of the two files, the copy alone is written.
        if refused := driver.unwritten(error):
            return refused
        raise
    return 0


def check_database(path: Path, origin: str, verify: Callable[[bytes], bytes], progress: Progress) -> Head:
    """Check that a database is whole, and that its log is the one which its newest checkpoint signs.

    `verify` gives the body of a note that one of the node's log keys has signed, else raises. Returns the
    head. Raises NodeError(LOG_CORRUPT), (PROOF_INVALID), (STORE_UNAVAILABLE), (CONFIG_INVALID).
    """
    with store_errors():
        engine = create_engine(f"sqlite:///{path}", module=driver.MODULE)
        with engine.connect() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if revision != schema.REVISION:
                raise NodeError(
                    Reason.CONFIG_INVALID,
                    "error.store.database-version",
                )
            whole = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    if whole != "ok":
        raise NodeError(Reason.LOG_CORRUPT, "error.store.database-damaged")
    store = Store(engine)
    try:
        return _check_log(store, origin, verify, progress)
    finally:
        store.close()


def _check_log(store: Store, origin: str, verify: Callable[[bytes], bytes], progress: Progress) -> Head:
    head = store.head()
    if store.leaf_count() != head.size:
        raise NodeError(Reason.LOG_CORRUPT, "error.log.checkpoint-size-differs")
    frontier = Frontier()
    while frontier.size < head.size:
        leaves = [leaf for _, leaf in store.leaves(frontier.size, _LEAVES)]
        if not leaves:
            raise NodeError(Reason.LOG_CORRUPT, "error.store.record-missing", index=frontier.size)
        frontier.extend(hash_leaves(leaves))
        progress(frontier.size, head.size)
    tree = Tree.restore(head.size, hash_leaves(store.tail(head.size)), store)
    root = frontier.root() if head.size else EMPTY_ROOT
    signed = Checkpoint.parse(verify(head.note)) if head.size else Checkpoint(origin, 0, EMPTY_ROOT)
    if signed != Checkpoint(origin, head.size, root) or tree.root() != root:
        raise NodeError(Reason.LOG_CORRUPT, "error.log.checkpoint-root-differs")
    return head

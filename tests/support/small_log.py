"""A usage log on a real database, with plain lines for records, and a store that can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from node.core.deciding.budget import Debit, exhausted
from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import AnsweredExchange, Append, Commit, Head
from node.core.log.merkle import leaf_hash, verify_inclusion
from node.core.log.tree import Tree
from node.core.state.clean_up import Due
from node.crypto.signing import SignatureSuite, Signer, open_note, sign_note
from node.errors import NodeError, Reason
from node.exchange.group import LogKeys
from node.exchange.job import Recorded
from node.exchange.ledger import Ledger
from node.files.private_folder import make_private
from node.store import schema
from node.store.store import Store
from node.store.transaction import Transaction

ORIGIN = "dxnode/11441900000000019Y"
_LOG = Signer(ORIGIN, SignatureSuite.ED25519, bytes(32))
_COSIGN = Signer(ORIGIN, SignatureSuite.ML_DSA_65, bytes(32))


@dataclass(slots=True)
class Clock:
    """A clock that is set by hand, in milliseconds."""

    now: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class Pen:
    """Signs checkpoints and counts what it signed."""

    signed: list[int] = field(default_factory=list)
    cosigned: list[int] = field(default_factory=list)

    def keys(self, every_records: int = 10_000, every_ms: int = 600_000) -> LogKeys:
        """Keys of the log."""

        def sign(body: bytes) -> bytes:
            self.signed.append(Checkpoint.parse(body).size)
            return sign_note(body, _LOG)

        def cosign(body: bytes) -> bytes:
            self.cosigned.append(Checkpoint.parse(body).size)
            return sign_note(body, _LOG, _COSIGN)

        return LogKeys(ORIGIN, sign, cosign, read_note, every_records, every_ms)


def read_note(note: bytes) -> bytes:
    """The body of a checkpoint that the log's key signed."""
    return open_note(note, (_LOG.verifier,)).body


@dataclass(slots=True)
class Line:
    """A job that records one line of text, and gives where it stands."""

    text: bytes
    debits: Sequence[Debit] = ()
    exchange: tuple[str, bytes] | None = None
    digest: bytes = b""
    refuses: NodeError | None = None

    @property
    def counters(self) -> Sequence[str]:
        return [debit.key for debit in self.debits]

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> Recorded | None:
        return recorded if earlier.digest == self.digest else None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        if self.refuses is not None:
            raise self.refuses
        if exhausted(self.debits, ledger.balances):
            raise NodeError(Reason.QUOTA_EXHAUSTED, "the quota is used up")
        ledger.pay(self.debits)
        answered = None if self.exchange is None else AnsweredExchange(*self.exchange, self.digest, index)
        return Append(leaf=self.text, opening=b"opening", answered=answered)

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, Recorded]:
        return append, recorded


class FaultyStore:
    """A store that does as it is told: fails to begin, to write, to commit, or to be read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.failing: frozenset[str] = frozenset()
        self.begun = 0
        self.before_commit: Callable[[], None] = lambda: None

    def fail(self, *steps: str) -> None:
        """From now on fail at "begin", "write", "commit" (nothing durable), "late" (durable) or "read"."""
        self.failing = frozenset(steps)

    def at(self, step: str) -> None:
        if step in self.failing:
            raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")

    def begin(self) -> FaultyTransaction | None:
        self.at("begin")
        transaction = self.store.begin()
        if transaction is None:
            return None
        self.begun += 1
        return FaultyTransaction(self, transaction)

    def head(self) -> Head:
        self.at("read")
        return self.store.head()

    def leaf_count(self) -> int:
        return self.store.leaf_count()

    def tail(self, size: int) -> list[bytes]:
        return self.store.tail(size)

    def tile(self, level: int, index: int) -> bytes:
        return self.store.tile(level, index)


class FaultyTransaction:
    """A transaction of a faulty store."""

    def __init__(self, faults: FaultyStore, real: Transaction) -> None:
        self._faults = faults
        self._real = real
        self.balances = real.balances
        self.spent = real.spent
        self.answered = real.answered
        self.record = real.record
        self.release = real.release
        self.rollback = real.rollback

    def write(self, commit: Commit) -> None:
        self._real.write(commit)
        self._faults.at("write")

    def commit(self) -> None:
        self._faults.before_commit()
        self._faults.at("commit")
        self._real.commit()
        self._faults.at("late")


@cache
def _new_database() -> bytes:
    """The database of a new node."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "node.db"
        Store.open(path).close()
        assert not path.with_name("node.db-wal").exists()
        return path.read_bytes()


def open_store(folder: Path) -> Store:
    """A store of its own; a new one begins as a copy, as to make its tables takes longer than most tests."""
    path = folder / "node.db"
    if not path.exists():
        make_private(folder)
        path.write_bytes(_new_database())
        path.chmod(0o600)
    return Store.open(path)


def at_revision(path: Path, revision: str) -> Path:
    """A database as an earlier version of the node left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return path


def check_log(store: Store) -> list[bytes]:
    """The leaves, after checking that they are those of the signed checkpoint."""
    head = store.head()
    leaves = [leaf for _, leaf in store.leaves(0, head.size + 1)]
    assert len(leaves) == head.size == store.leaf_count()
    if not leaves:
        return []
    tree = Tree.restore(0, [], store)
    tree.extend([leaf_hash(leaf) for leaf in leaves])
    assert Checkpoint.parse(read_note(head.note)) == Checkpoint(ORIGIN, head.size, tree.root())
    return leaves


def check_receipt(recorded: Recorded, text: bytes) -> None:
    """The receipt proves the line."""
    checkpoint = Checkpoint.parse(read_note(recorded.receipt.checkpoint))
    assert (checkpoint.size, checkpoint.root) == (recorded.size, recorded.root)
    hashes = list(recorded.receipt.proof.hashes)
    verify_inclusion(recorded.index, recorded.size, leaf_hash(text), hashes, checkpoint.root)


def clean_up(store: Store, now_ms: int, answered: int = 0, asked: int = 0, openings: int = 0) -> int:
    """Forget all that is over at a time and before these records; how many rows."""
    cleaner, rows = store.cleaner(), 0
    while True:
        step = cleaner.step(Due(now_ms, answered, asked, openings))
        rows += step.rows
        if not step.more:
            cleaner.close()
            return rows

"""What a node remembers of signed documents over restarts: the newest version of each, and its digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from node.core.directory.directory import Directory
from node.errors import NodeError, Reason


class Seen(Protocol):
    """The newest version of a document that was in use."""

    @property
    def version(self) -> int: ...
    @property
    def digest(self) -> bytes: ...


class Memory(Protocol):
    """Where facts are kept, such as the store."""

    def fact(self, name: str) -> str | None: ...
    def set_fact(self, name: str, value: str) -> None: ...


S = TypeVar("S", bound=Seen)


@dataclass(frozen=True, slots=True)
class Floors:
    """The versions of directory and policies that were in use, as the mark remembers them; 0 for none."""

    directory: int = 0
    policies: int = 0

    def check_directory(self, directory: Directory) -> None:
        """Raises NodeError(DIRECTORY_INVALID) for one that is older."""
        if directory.version < self.directory:
            raise NodeError(
                Reason.DIRECTORY_INVALID,
                "error.directory.version-old",
                version=str(directory.version),
                seen=str(self.directory),
            )


NO_FLOORS = Floors()


def recall(memory: Memory, name: str, made: Callable[[int, bytes], S]) -> S | None:
    """What was remembered under this name, None before anything was."""
    known = memory.fact(name)
    if known is None:
        return None
    version, _, digest = known.partition(" ")
    return made(int(version), bytes.fromhex(digest))


def remember(memory: Memory, name: str, seen: Seen) -> None:
    """Keep this under the name, durably. Raises NodeError(STORE_UNAVAILABLE)."""
    memory.set_fact(name, f"{seen.version} {seen.digest.hex()}")

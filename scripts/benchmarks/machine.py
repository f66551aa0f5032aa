"""Says which machine and which software a run was made with."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from node.store import driver

LIBRARIES = ("grpcio", "protobuf", "cryptography", "SQLAlchemy", "duckdb", "pyarrow")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on; memory in MB, load as the average number of runnable tasks."""

    system: str
    processor: str
    cores: int
    memory_mb: int
    disk: str
    python: str
    sqlite: str
    libraries: dict[str, str]
    load_before: float


def describe_machine(folder: Path) -> Machine:
    """This machine; `folder` is where the benchmarks write."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        disk=file_system(folder),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        sqlite=driver.VERSION,
        libraries={name: version(name) for name in LIBRARIES},
        load_before=round(os.getloadavg()[0], 2),
    )


def file_system(folder: Path) -> str:
    """Type of the file system that a folder is on, such as ext4; on tmpfs, durability costs nothing."""
    folder = folder.resolve()
    found = ("", "unknown")
    for line in Path("/proc/mounts").read_text("utf-8", errors="replace").splitlines():
        _, place, kind, *_ = line.split(" ")
        if folder.is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()

"""What the system says of a process: the time it worked, the memory it holds."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # places of utime and stime behind the name in /proc/<pid>/stat (proc(5))


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used in all its threads, to 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM (VmRSS), in MB of 10^6 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(pid)

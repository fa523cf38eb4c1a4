"""Whether this machine ran out of memory: Linux counts the processes it ended for that."""

from __future__ import annotations

from pathlib import Path

_COUNTERS = Path("/proc/vmstat")


def count_killed_for_memory(counters: Path = _COUNTERS) -> int:
    """How many processes the kernel has ended because memory ran out; 0 where it does not say."""
    try:
        lines = counters.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)

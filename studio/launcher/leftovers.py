"""Every process below this one, remembered so that none is left behind when its parent goes first."""

from __future__ import annotations

import psutil


class Descendants:
    """A snapshot. Process ids that were given to another process since are not touched: psutil compares start times."""

    def __init__(self) -> None:
        self._processes = psutil.Process().children(recursive=True)

    def kill(self) -> None:
        """SIGKILL to all that still run, then wait for them to be gone."""
        left = [process for process in self._processes if process.is_running()]
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(left, timeout=5)

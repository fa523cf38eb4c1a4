"""Looking at real processes, waiting on conditions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_for(condition: Callable[[], object], timeout: float = 20, what: str = "") -> object:
    """The condition's first true value; an AssertionError when there is none in time."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(0.05)


def processes_of(home: Path) -> list[psutil.Process]:
    """Every process that was started for this STUDIO_HOME, orphans included."""
    found = []
    for process in psutil.process_iter():
        try:
            if _belongs_to(process, home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until_empty(home: Path, timeout: float = 20) -> list[psutil.Process]:
    """The processes of this STUDIO_HOME that are left when there should be none any more."""
    end = time.monotonic() + timeout
    while (left := processes_of(home)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def _belongs_to(process: psutil.Process, home: Path) -> bool:
    # Valkey writes its title over its environment; it is known by its folder
    return process.environ().get("STUDIO_HOME") == str(home) or process.cwd() == str(home / "valkey")


def find_process(home: Path, *words: str) -> psutil.Process | None:
    """The oldest process of this home whose command line holds every one of the words."""
    matching = [process for process in processes_of(home) if _has_words(process, words)]
    return min(matching, key=lambda process: process.create_time(), default=None)


def _has_words(process: psutil.Process, words: tuple[str, ...]) -> bool:
    try:
        return set(words) <= set(process.cmdline()) | {process.name()}
    except psutil.Error:
        return False


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

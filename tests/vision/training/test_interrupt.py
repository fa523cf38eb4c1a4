from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from vision.training.interrupt import LEASE_SECONDS, watch_lease


def lost_reason(path: Path, token: str = "mine", wait: float = 2.0) -> str | None:
    lost = threading.Event()
    reasons: list[str] = []
    watch_lease(path, token, lambda reason: (reasons.append(reason), lost.set()), interval=0.02)
    lost.wait(wait)
    return reasons[0] if reasons else None


def test_a_fresh_lease_of_ours_is_kept(tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("mine\n")
    assert lost_reason(tmp_path / "lease", wait=0.3) is None


def test_anothers_token_loses_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("other")
    assert lost_reason(tmp_path / "lease") == "lease taken by another attempt"


def test_a_lease_no_one_renews_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lease"
    path.write_text("mine")
    start = time.time()
    os.utime(path, (start, start))
    monkeypatch.setattr("vision.training.interrupt.LEASE_SECONDS", 0.2)
    assert lost_reason(path) == "lease not renewed"
    assert LEASE_SECONDS == 10


def test_a_lease_that_never_comes_is_lost_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.training.interrupt.LEASE_SECONDS", 0.2)
    assert lost_reason(tmp_path / "lease") == "lease not renewed"

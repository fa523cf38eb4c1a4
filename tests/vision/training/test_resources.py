from __future__ import annotations

import psutil
import pytest
import torch

from vision.training.resources import ResourceMeter


@pytest.fixture
def meter() -> ResourceMeter:
    return ResourceMeter(torch.device("cpu"))


def test_epochs_are_told_by_their_mean_and_longest(meter: ResourceMeter) -> None:
    measured = {"train_epoch_duration_seconds": [1.0, 3.0]}  # of an attempt that was cut off
    with meter.epoch(measured):
        pass
    summary = meter.summary(measured, 3)
    assert len(measured["train_epoch_duration_seconds"]) == 3
    assert summary["train_epoch_count"] == 3
    assert summary["train_epoch_duration_seconds_max"] == 3
    assert summary["train_epoch_duration_seconds_avg"] == pytest.approx(4 / 3, abs=0.01)


def test_the_machine_is_looked_at_while_training(meter: ResourceMeter) -> None:
    with meter.training():
        pass
    summary = meter.summary({}, 0)
    total = psutil.virtual_memory().total / 1024**2
    assert 0 < summary["sys_mem_used_mb_avg"] <= summary["sys_mem_used_mb_max"] < total
    assert summary["sys_mem_total_mb"] == pytest.approx(total, rel=1e-3)
    assert 0 < summary["train_duration_seconds"] <= summary["script_duration_seconds"]


def test_scoring_counts_all_splits_and_what_was_not_measured_is_left_out(meter: ResourceMeter) -> None:
    assert not {name for name in meter.summary({}, 0) if "score" in name or "gpu" in name or "epoch_duration" in name}
    for images in (30, 10):
        with meter.scoring(images):
            pass
    summary = meter.summary({}, 0)
    assert summary["per_image_avg_score_time_sec"] == pytest.approx(summary["total_score_time_sec"] / 40, rel=1e-3)

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from vision.metrics.bootstrap import bootstrap_confidence, bootstrap_mean


@pytest.mark.parametrize(("images", "rate"), [(60, 0.8), (400, 0.5), (5000, 0.93)])
def test_the_interval_of_a_share_is_the_binomial_one(images: int, rate: float) -> None:
    is_right = np.arange(images) < round(rate * images)
    found = bootstrap_mean("accuracy", is_right)
    assert found is not None
    slack = max(0.12 / np.sqrt(images), 1.01 / images)
    assert found.low == pytest.approx(stats.binom.ppf(0.025, images, rate) / images, abs=slack)
    assert found.high == pytest.approx(stats.binom.ppf(0.975, images, rate) / images, abs=slack)
    assert (found.metric, found.level, found.resamples) == ("accuracy", 0.95, 1000)


def test_the_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(3).random(2000)
    found = bootstrap_mean("iou", values)
    error = values.std() / np.sqrt(2000)
    assert found is not None
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_it_equals_scipy_for_a_statistic_of_whole_images() -> None:
    random = np.random.default_rng(5)
    right, all_ = random.integers(0, 4, 300), random.integers(4, 8, 300)
    found = bootstrap_confidence("recall", 300, lambda counts: (counts @ right) / (counts @ all_))
    expected = stats.bootstrap(
        (right, all_),
        lambda right, all_, axis: right.sum(axis=axis) / all_.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=4000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    assert found is not None
    assert found.low == pytest.approx(expected.low, abs=0.004)
    assert found.high == pytest.approx(expected.high, abs=0.004)


def test_every_set_has_as_many_images_and_they_come_in_few_rows() -> None:
    seen: list[np.ndarray] = []

    def note(counts: np.ndarray) -> np.ndarray:
        seen.append(counts)
        return counts[:, 0]

    bootstrap_confidence("any", 30_000, note, resamples=100)
    assert sum(len(counts) for counts in seen) == 100
    assert max(counts.nbytes for counts in seen) < 20_000_000
    assert all((counts.sum(axis=1) == 30_000).all() for counts in seen)


def test_it_is_the_same_every_time() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean("iou", values) == bootstrap_mean("iou", values)


def test_nothing_to_resample_is_no_interval() -> None:
    assert bootstrap_mean("iou", np.array([])) is None
    assert bootstrap_confidence("iou", 5, lambda counts: np.full(len(counts), np.nan)) is None


def test_sets_where_the_metric_is_undefined_are_left_out() -> None:
    found = bootstrap_confidence("any", 5, lambda counts: np.where(counts[:, 0] > 0, 0.25, np.nan))
    assert found is not None
    assert (found.low, found.high) == (0.25, 0.25)


def test_ten_thousand_images_take_less_than_half_a_second() -> None:
    values = np.random.default_rng(1).random(10_000)
    started = time.process_time()
    bootstrap_mean("iou", values)
    assert time.process_time() - started < 0.5

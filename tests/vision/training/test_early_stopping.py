from __future__ import annotations

from vision.training.early_stopping import EarlyStopping


def stops_after(values: list[float | None], patience: int, delay: int) -> int | None:
    stopping = EarlyStopping(patience, delay)
    for number, value in enumerate(values, start=1):
        if stopping.observe(value):
            return number
    return None


def test_it_waits_for_the_delay_then_for_the_patience() -> None:
    assert stops_after([0.5] * 20, patience=3, delay=4) == 4 + 1 + 3


def test_gain_starts_the_count_anew() -> None:
    assert stops_after([0.1, 0.1, 0.2, 0.2, 0.2], patience=2, delay=0) == 5


def test_steady_gain_never_stops() -> None:
    assert stops_after([number / 50 for number in range(50)], patience=1, delay=1) is None


def test_an_undefined_value_is_no_gain() -> None:
    assert stops_after([0.5, None, None], patience=2, delay=0) == 3


def test_it_goes_on_from_its_state() -> None:
    first = EarlyStopping(3, 0)
    for _ in range(3):
        first.observe(0.5)
    second = EarlyStopping(3, 0)
    second.restore(first.state())
    assert second.observe(0.5)

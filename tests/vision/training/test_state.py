from __future__ import annotations

import pytest

from vision.training.state import Best


@pytest.mark.parametrize(
    ("value", "loss", "is_better"),
    [
        (0.8, 9.0, True),
        (0.7, 0.1, False),
        (0.75, 0.4, True),
        (0.75, 0.5, False),
        (0.75, None, False),
        (None, 0.1, False),
    ],
)
def test_the_best_is_beaten_by_a_better_value_or_by_the_same_with_a_lower_loss(
    value: float | None, loss: float | None, is_better: bool
) -> None:
    assert Best(epoch=2, value=0.75, metrics={"loss_valid": 0.5}).is_beaten_by(value, loss) is is_better


def test_without_losses_the_first_of_equal_ones_stays() -> None:
    assert not Best(epoch=2, value=0.75).is_beaten_by(0.75, 0.1)


def test_anything_beats_nothing() -> None:
    assert Best().is_beaten_by(None)
    assert Best(epoch=1, value=None).is_beaten_by(0.0)

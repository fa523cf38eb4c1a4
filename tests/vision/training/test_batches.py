from __future__ import annotations

import pytest

from vision.training.inputs.batches import Share, TrainingBatches, ValidationBatches


def test_an_epoch_holds_every_image_once() -> None:
    batches = TrainingBatches(20, 6, seed=1, share=Share())
    assert sorted(index for batch in batches for _, index in batch) == list(range(20))


def test_epochs_differ_and_repeat_by_seed() -> None:
    first, second = (TrainingBatches(20, 6, seed=1, share=Share()) for _ in range(2))
    assert list(first) == list(second)
    second.set_position(2, 0)
    assert [index for batch in first for _, index in batch] != [index for batch in second for _, index in batch]


def test_an_epoch_goes_on_from_a_step() -> None:
    whole, rest = (TrainingBatches(20, 6, seed=1, share=Share()) for _ in range(2))
    rest.set_position(1, 2)
    assert list(rest) == list(whole)[2:]


def test_a_last_batch_of_one_image_is_left_out() -> None:
    assert len(TrainingBatches(13, 6, seed=1, share=Share())) == 2
    assert len(TrainingBatches(14, 6, seed=1, share=Share())) == 3
    assert len(TrainingBatches(5, 1, seed=1, share=Share())) == 5
    assert len(TrainingBatches(1, 6, seed=1, share=Share())) == 1


@pytest.mark.parametrize("count", [10, 11])
def test_processes_share_an_epoch_evenly(count: int) -> None:
    shares = [list(TrainingBatches(count, 3, seed=1, share=Share(rank, 2))) for rank in range(2)]
    assert len(shares[0]) == len(shares[1])
    assert {index for share in shares for batch in share for _, index in batch} == set(range(count))


def test_processes_score_each_image_once() -> None:
    shares = [list(ValidationBatches(7, 2, Share(rank, 2))) for rank in range(2)]
    assert sorted(index for share in shares for batch in share for _, index in batch) == list(range(7))

import pytest

from vision.training.rescue import halve_batches, move_position


@pytest.mark.parametrize(
    ("batch", "steps", "validation", "expected"),
    [(16, 1, 32, (8, 2, 16)), (5, 1, 2, (2, 3, 1)), (2, 4, 1, (1, 8, 1)), (1, 3, 4, (1, 3, 2))],
)
def test_an_update_sees_as_many_images_in_smaller_batches(batch, steps, validation, expected) -> None:
    given = {
        "training_batch_size": batch,
        "gradient_accumulation_step": steps,
        "validation_batch_size": validation,
        "learning_rate": 0.1,
    }
    halved = halve_batches(given)
    names = ("training_batch_size", "gradient_accumulation_step", "validation_batch_size")
    assert tuple(halved[name] for name in names) == expected
    assert halved["learning_rate"] == 0.1
    assert halved["training_batch_size"] * halved["gradient_accumulation_step"] >= batch * steps


def test_single_images_cannot_be_halved() -> None:
    given = {"training_batch_size": 1, "gradient_accumulation_step": 2, "validation_batch_size": 1}
    assert halve_batches(given) is None


def test_the_position_in_the_epoch_follows_the_batch() -> None:
    assert move_position(3, 8, 4) == 6
    assert move_position(3, 5, 2) == 7  # 15 images done: the 8th pair holds the 15th again
    assert move_position(0, 8, 4) == 0

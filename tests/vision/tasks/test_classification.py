from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from tests.vision.training.runs import make_run
from vision.architectures import build_architecture
from vision.errors import TrainingError
from vision.tasks import make_task
from vision.tasks.class_weights import class_weights
from vision.training.inputs.rows import read_rows

pytestmark = pytest.mark.heavy


def test_class_weights_even_out_the_classes() -> None:
    labels = [0] * 6 + [1] * 2
    assert class_weights(labels, 3, 0) is None
    assert class_weights(labels, 3, 2).tolist() == pytest.approx([8 / (3 * 6), 8 / (3 * 2), 1])
    assert class_weights(labels, 3, 1).tolist() == pytest.approx([(8 / 18) ** 0.5, (8 / 6) ** 0.5, 1])


@pytest.mark.parametrize("weighted_loss", [0, 1, 2])
def test_the_validation_loss_is_the_training_criterion(tmp_path: Path, weighted_loss: int) -> None:
    run = make_run(tmp_path, labels={"amber": 8, "blue": 2, "green": 4}, weighted_loss=weighted_loss)
    built = build_architecture("mobilenetv2", 3)
    task = make_task(run, built)
    rows = read_rows(run.validation, run.images_dir)
    task.begin(read_rows(run.train, run.images_dir))
    images = task.evaluation_images(rows)
    batch = task.collate([images.dataset[0, index] for index in range(len(rows))])
    built.module.eval()
    with torch.inference_mode():
        loss, _ = task.training_step(built.module, batch)
        halves = [
            task.evaluation_step(built.module, {name: values[part] for name, values in batch.items()})
            for part in (slice(0, 3), slice(3, None))
        ]
    assert task.validation_loss(halves) == pytest.approx(float(loss), rel=1e-4)


def outputs_of_two(*probabilities: list[float]) -> dict[str, torch.Tensor]:
    """Of the images 1 and 0, labelled so."""
    return {
        "indices": torch.tensor([1, 0]),
        "labels": torch.tensor([1, 0]),
        "probabilities": torch.tensor(probabilities),
        "losses": torch.tensor([0.3, 2.3]),
    }


def test_an_image_scored_twice_counts_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    task = make_task(run, build_architecture("mobilenetv2", 3))
    outputs = outputs_of_two([0.2, 0.7, 0.1], [0.1, 0.8, 0.1])
    rows = read_rows(run.validation, run.images_dir)
    evaluation = task.evaluate([outputs, outputs], rows, "validation")
    assert evaluation.report["images"] == 2
    assert evaluation.metrics["accuracy"] == 0.5


def test_answers_that_are_no_numbers_are_a_training_that_diverged(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    task = make_task(run, build_architecture("mobilenetv2", 3))
    outputs = outputs_of_two([0.2, 0.7, 0.1], [0.1, float("nan"), 0.1])
    with pytest.raises(TrainingError, match="NaN in place of probabilities") as caught:
        task.evaluate([outputs], read_rows(run.validation, run.images_dir), "validation")
    assert caught.value.code == "training_diverged"


def test_samples_are_a_function_of_epoch_and_index(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    task = make_task(run, build_architecture("mobilenetv2", 3))
    images = task.training_images(read_rows(run.train, run.images_dir), seed=1).dataset
    assert (images[1, 2].pixels == images[1, 2].pixels).all()
    assert (images[1, 2].pixels != images[2, 2].pixels).any()


def test_losses_are_per_image(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    task = make_task(run, build_architecture("mobilenetv2", 3))
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    batch = {
        "images": torch.zeros(2, 8, 8, 3, dtype=torch.uint8),
        "labels": torch.tensor([0, 2]),
        "indices": torch.tensor([0, 1]),
    }
    outputs = task.evaluation_step(lambda images: logits, batch)
    torch.testing.assert_close(outputs["losses"], functional.cross_entropy(logits, batch["labels"], reduction="none"))

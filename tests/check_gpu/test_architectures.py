"""Every architecture on a GPU, in its mixed precision: an epoch, its evaluation, its model on the GPU and the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.architecture_table.answers import Answer, largest_difference, read_answer
from tests.architecture_table.cases import Case, list_cases
from tests.architecture_table.checks import prove_evaluation, prove_loading, prove_saving, prove_training
from tests.architecture_table.documents import VALIDATED
from tests.architecture_table.trial import SmallTrial
from tests.vision.training.runs import metrics_by_epoch
from vision.data.images import open_image
from vision.inference.predictor import Predictor
from vision.training.event_log import read_events
from vision.training.inputs.rows import read_rows

pytestmark = pytest.mark.gpu
CLOSE = 0.03  # convolutions on a GPU keep ten bits of a number, and weights at random amplify what is rounded


@pytest.mark.parametrize("case", list_cases(), ids=lambda case: f"{case.task_type}-{case.name}")
def test_it_trains_and_answers_as_on_the_cpu(tmp_path: Path, case: Case) -> None:
    trial = SmallTrial(case, tmp_path, device="cuda:0", changes={"mixed_precision": "on", "number_of_workers": 1})
    for prove in (prove_training, prove_saving, prove_loading, prove_evaluation):
        prove(trial)
    events = read_events(trial.run.events_path)[0]
    started = next(event for event in events if event["type"] == "started")
    assert started["device"] == "cuda"
    assert started["precision"] in ("bfloat16", "float16")
    assert not [event for event in events if event["type"] == "note" and event["code"] == "no_onnx"]
    check_answers(trial)
    trainer, events = trial.resume()
    assert list(metrics_by_epoch(events)) == [1]
    assert trainer.state.epoch == 1


def check_answers(trial: SmallTrial) -> None:
    """The packaged model says the same of an image wherever it runs."""
    rows = read_rows(trial.run.validation, trial.run.images_dir)
    images = [open_image(rows.blob(place).read_bytes()) for place in range(VALIDATED)]
    folder = trial.run.output_dir / "outputs" / "mlflow-model"
    on_gpu, on_cpu = (ask(folder, device, images) for device in ("cuda:0", "cpu"))
    assert all(len(one[0]) for one in on_cpu), "nothing is found on an image"
    difference = max(largest_difference(*pair) for pair in zip(on_gpu, on_cpu, strict=True))
    print(f"{trial.case.section}, {trial.case.name}: {difference:.1e} apart")
    assert difference <= CLOSE


def ask(folder: Path, device: str, images: Sequence[Image.Image]) -> list[Answer]:
    return [read_answer(answer) for answer in Predictor.load(folder, device).predict(images)]

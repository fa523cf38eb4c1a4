"""What every architecture must do, each proved on a small trial."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow.parquet as pq
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.architecture_table.answers import ask_both, largest_difference, read_answer, read_row
from tests.architecture_table.documents import VALIDATED
from tests.architecture_table.trial import SmallTrial
from tests.vision.training.runs import metrics_by_epoch
from vision.data.images import open_image
from vision.training.event_log import read_events
from vision.training.inputs.rows import read_rows

SAME = 2e-3  # of numbers in −1–1, and as a share of larger ones: weights at random amplify what is rounded


class BrokenError(Exception):
    """A property that does not hold, with the reason."""


@dataclass(frozen=True)
class Check:
    """A column of the table."""

    title: str
    meaning: str
    prove: Callable[[SmallTrial], None]


def demand(holds: bool, reason: str) -> None:
    if not holds:
        raise BrokenError(reason)


def prove_training(trial: SmallTrial) -> None:
    trainer = trial.session.trainer
    told = metrics_by_epoch(read_events(trial.run.events_path)[0])
    demand(list(told) == [1], f"metrics of the epochs {list(told)}")
    demand(math.isfinite(told[1]["loss_train"]), f"loss {told[1]['loss_train']}")
    weights = [(name, weight) for name, weight in trainer.module.named_parameters() if weight.requires_grad]
    idle = [name for name, weight in weights if weight not in trainer.updater.optimizer.state]
    demand(not idle, f"no gradient reached {len(idle)} of {len(weights)} weights: {', '.join(idle[:3])}")


def prove_evaluation(trial: SmallTrial) -> None:
    report = json.loads((trial.run.output_dir / "evaluation" / "evaluation.json").read_text())
    told = metrics_by_epoch(read_events(trial.run.events_path)[0])[1]
    scored = {name: value for name, value in report["metrics"].items() if value is not None}
    demand(trial.run.primary_metric in scored, f"no {trial.run.primary_metric}")
    differing = [name for name, value in scored.items() if told.get(name) != value]
    demand(not differing, f"the epoch scored anew differs in {', '.join(differing)}")


def prove_saving(trial: SmallTrial) -> None:
    outputs = trial.run.output_dir / "outputs"
    _demand_equal(load_file(outputs / "model.safetensors"), trial.session.trainer.scored.state_dict())
    demand((outputs / "mlflow-model" / "MLmodel").is_file(), "no MLflow model")


def prove_loading(trial: SmallTrial) -> None:
    loaded = trial.predictor
    demand(list(loaded.card.label_names) == trial.run.label_names, f"labels {loaded.card.label_names}")
    _demand_equal(loaded.built.module.state_dict(), trial.session.trainer.scored.state_dict())


def prove_predictions(trial: SmallTrial) -> None:
    rows = read_rows(trial.run.validation, trial.run.images_dir)
    answers = trial.predictor.predict([open_image(rows.blob(place).read_bytes()) for place in range(VALIDATED)])
    own = pq.read_table(trial.run.output_dir / "evaluation" / "predictions.parquet").to_pylist()
    expected, given = [read_row(row) for row in own], [read_answer(answer) for answer in answers]
    demand(all(len(one[0]) for one in expected), "nothing is found on an image")
    spread = largest_difference(*expected)
    demand(spread > 2 * SAME, f"all images look the same to the network: {spread:.1e} apart")
    difference = max(largest_difference(one, other) for one, other in zip(expected, given, strict=True))
    demand(difference <= SAME, f"the packaged model's answers are {difference:.1e} from the network's")


def prove_export(trial: SmallTrial) -> None:
    told = read_events(trial.run.events_path)[0]
    problems = [event["message"] for event in told if event["type"] == "note" and event["code"] == "no_onnx"]
    demand(not problems, " ".join(problems))
    pairs = ask_both(trial)
    demand(all(len(one[0]) for one, _ in pairs), "nothing is found on an image")
    difference = max(largest_difference(*pair) for pair in pairs)
    demand(difference <= SAME, f"the file's answers are {difference:.1e} from the network's")


def prove_resuming(trial: SmallTrial) -> None:
    unbroken = metrics_by_epoch(read_events(trial.run.events_path)[0])
    trainer, events = trial.resume()
    demand(metrics_by_epoch(events) == unbroken, f"metrics {metrics_by_epoch(events)} in place of {unbroken}")
    _demand_equal(trainer.module.state_dict(), trial.read_end())


def _demand_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    demand(one.keys() == other.keys(), f"other tensors: {', '.join(sorted(one.keys() ^ other.keys())[:3])}")
    differing = [name for name, value in one.items() if not torch.equal(value, other[name])]
    demand(not differing, f"{len(differing)} tensors differ: {', '.join(differing[:3])}")


CHECKS = (
    Check("trains", "an epoch of two steps: a finite loss, a gradient for every weight", prove_training),
    Check("evaluates", "the finished epoch, scored anew, has exactly the metrics it was chosen for", prove_evaluation),
    Check("saves", "`model.safetensors` holds exactly the network, an MLflow model lies beside it", prove_saving),
    Check("loads", "the MLflow model has exactly its tensors and labels", prove_loading),
    Check("predicts", "the MLflow model answers pictures as the network did in validation", prove_predictions),
    Check("ONNX", "`model.onnx` gives the outputs that the network gives", prove_export),
    Check("resumes", "stopped between the steps and resumed: exactly the same metrics and tensors", prove_resuming),
)

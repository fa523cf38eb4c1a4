"""What a finished run leaves behind.

Source: SPEC §8.1.
"""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from vision.architectures import Built
from vision.tasks.base import Evaluation, SplitImages
from vision.training.checkpoints import list_asked, read_checkpoint
from vision.training.event_log import make_finite
from vision.training.inputs.rows import write_rows
from vision.training.loop import Trainer
from vision.training.output_names import EVALUATION_FILES, VALIDATION
from vision.training.run_document import RunDocument
from vision.training.setup import Splits
from vision.training.state import Weights

logger = logging.getLogger(__name__)


def write_outputs(run: RunDocument, trainer: Trainer, built: Built, splits: Splits) -> dict[str, float]:
    """Score the best epoch's weights on validation, and on test if there is one, and write every output.

    Every process takes part in the scoring; the first one writes. Returns the bounds of the primary metric's interval,
    on the first process alone.
    """
    best = trainer.state.best
    trainer.scored.load_state_dict(best.weights)
    bounds: dict[str, float] = {}
    for split, images in splits.scored().items():
        with trainer.meter.scoring(len(images.rows)):
            evaluation, outputs = trainer.evaluate(images, split)
        if trainer.group.is_main:
            files = EVALUATION_FILES[split]
            _write_json(run.output_dir / files.report, evaluation.report)
            trainer.task.write_predictions(outputs, images.rows, run.output_dir / files.predictions)
            if split == VALIDATION:
                bounds = evaluation.bounds
                _write_artifacts(run, evaluation)
    if trainer.group.is_main:
        _write_weights(run, best.weights)
        _export_checkpoints(run, trainer.parameters.checkpoint_frequency, trainer.parameters.save_total_limit)
        _package(run, trainer, built)
        _export(run, trainer, built, splits.validation)
        write_rows(splits.train.rows, run.output_dir / "train_artifacts" / "train_sub.json")
        write_rows(splits.validation.rows, run.output_dir / "train_artifacts" / "val_sub.json")
    trainer.group.wait()
    return bounds


def _write_artifacts(run: RunDocument, evaluation: Evaluation) -> None:
    folder = run.output_dir / "train_artifacts"
    _write_json(folder / "labels.json", run.label_names)
    _write_json(folder / "per_label_metrics.json", evaluation.per_label)


def _write_weights(run: RunDocument, weights: Weights) -> None:
    folder = run.output_dir / "outputs"
    folder.mkdir(parents=True, exist_ok=True)
    _save_tensors(run, weights, folder / "model.safetensors")


def _export_checkpoints(run: RunDocument, frequency: int, limit: int | None) -> None:
    """The epochs `checkpoint_frequency` asked to keep, as weights alone."""
    folder = run.output_dir / "train_artifacts" / "checkpoints"
    for epoch, path in list_asked(run.checkpoint_dir, frequency, limit).items():
        folder.mkdir(parents=True, exist_ok=True)
        _save_tensors(run, read_checkpoint(path)["module"], folder / f"epoch-{epoch:03d}.safetensors")


def _package(run: RunDocument, trainer: Trainer, built: Built) -> None:
    from vision.inference.card import ModelCard
    from vision.inference.packaging import save_mlflow_model

    folder = run.output_dir / "outputs" / "mlflow-model"
    # A resumed attempt may find what a killed one had begun.
    shutil.rmtree(folder, ignore_errors=True)
    best = trainer.state.best
    card = ModelCard(
        task_type=run.task_type,
        architecture=run.architecture,
        options=built.options,
        label_names=run.label_names,
        mean=built.mean,
        std=built.std,
        interpolation=built.interpolation,
        metrics={name: value for name, value in best.metrics.items() if value is not None},
        trained_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    save_mlflow_model(folder, best.weights, card, trainer.task.inference_settings())


def _export(run: RunDocument, trainer: Trainer, built: Built, images: SplitImages) -> None:
    """`model.onnx` beside the model. A network that cannot be written so is no reason to lose a trained one."""
    from vision.training.export import export_onnx

    folder = run.output_dir / "train_artifacts"
    path = folder / "model.onnx"
    try:
        agreement = export_onnx(run, trainer.task, built.options, trainer.state.best.weights, images, path)
    except Exception as error:
        # Exporters raise all kinds of errors, of torch, of ONNX and of the runtime; the trial says which
        logger.exception("No ONNX file could be written")
        reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        path.unlink(missing_ok=True)
        trainer.events.write("note", code="no_onnx", message=f"model.onnx could not be written: {reason}")
        return
    _write_json(folder / "onnx_check.json", agreement.to_dict())
    trainer.events.write("log", level="info", message=agreement.describe())
    if not agreement.holds:
        trainer.events.write("note", code="onnx_differs", message=agreement.describe())


def _save_tensors(run: RunDocument, weights: Weights, path: Path) -> None:
    metadata = {"architecture": run.architecture, "label_names": json.dumps(run.label_names)}
    save_file({name: value.contiguous() for name, value in weights.items()}, path, metadata)


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(make_finite(value), ensure_ascii=False, allow_nan=False), encoding="utf-8")

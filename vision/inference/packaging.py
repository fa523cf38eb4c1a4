"""Writes a trained model as an MLflow model: plain tensors, JSON and source text, nothing pickled."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

import vision
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.explainers import EXPLAINED_TASK_TYPES, EXPLAINERS
from vision.catalog.task_types import TaskType
from vision.inference.card import ARTIFACTS, CARD, LABELS, SETTINGS, WEIGHTS, ModelCard, read_card
from vision.inference.engine_files import EngineFiles, find_engine_files
from vision.inference.predictor import PREDICTORS
from vision.interpreter import importing
from vision.spec.settings import InferenceSettings

_ENTRY = "vision.inference.model"
# Where a package is distributed under another name than it is imported by.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "mlflow": "mlflow-skinny",
    "skimage": "scikit-image",
    "ultralytics": "ultralytics-opencv-headless",
    "yaml": "pyyaml",
}
_FOR_DOWNLOADS = {"huggingface_hub"}  # pretrained weights are fetched to train, never to predict


def save_mlflow_model(
    folder: Path, state_dict: Mapping[str, Tensor], card: ModelCard, settings: InferenceSettings
) -> None:
    """Write the MLflow model into `folder`, which must not exist or be empty.

    `mlflow.pyfunc.load_model(folder)` needs nothing of Darkroom: the code that predicts is inside, under `code/`.

    Source: SPEC §8.1, §8.2; models from code, MLflow documentation.
    """
    settings.check_architecture(card.architecture)
    settings.check_options(card.options)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        artifacts = _write_artifacts(Path(scratch), state_dict, card, settings)
        files = find_engine_files(_list_entries(card))
        engine = _copy_engine(files, Path(scratch))
        draft = Path(scratch) / "model"
        _save(draft, artifacts, engine, _list_requirements(files), card)
        _forget_origin(draft)
        for leftover in list(draft.rglob("__pycache__")):
            shutil.rmtree(leftover)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)


def update_settings(folder: Path, settings: InferenceSettings) -> None:
    """Give the MLflow model in `folder` (a copy of its own, not a registered version) other inference settings.

    Raises:
        InvalidDocumentError: the model's architecture does not take them, or the folder holds no model of ours.
    """
    card = read_card(folder)
    settings.check_architecture(card.architecture)
    settings.check_options(card.options)
    _write_json(folder / ARTIFACTS / SETTINGS, settings.model_dump())


def _write_artifacts(
    scratch: Path, state_dict: Mapping[str, Tensor], card: ModelCard, settings: InferenceSettings
) -> list[Path]:
    folder = scratch / "prepared"
    folder.mkdir()
    save_file({name: value.detach().cpu().contiguous() for name, value in state_dict.items()}, folder / WEIGHTS)
    _write_json(folder / CARD, card.model_dump(mode="json"))
    _write_json(folder / LABELS, list(card.label_names))
    _write_json(folder / SETTINGS, settings.model_dump())
    return [folder / name for name in (WEIGHTS, CARD, LABELS, SETTINGS)]


def _list_entries(card: ModelCard) -> list[str]:
    """The modules that predicting begins in: those that the engine finds by a name in a table among them."""
    dotted = [PREDICTORS[TaskType(card.task_type)], ARCHITECTURES.get(card.architecture, card.task_type).builder]
    if card.task_type in EXPLAINED_TASK_TYPES:
        dotted += [explainer.function for explainer in EXPLAINERS]
    return [_ENTRY, *(name.partition(":")[0] for name in dotted)]


def _copy_engine(files: EngineFiles, scratch: Path) -> Path:
    source, target = Path(vision.__file__).parent, scratch / "vision"
    for path in files.paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)
    return target


def _list_requirements(files: EngineFiles) -> list[str]:
    names = sorted(_DISTRIBUTIONS.get(name, name) for name in files.packages - _FOR_DOWNLOADS)
    return [f"{name}=={version(name).partition('+')[0]}" for name in names]


def _save(folder: Path, artifacts: list[Path], engine: Path, requirements: list[str], card: ModelCard) -> None:
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with importing():
        import mlflow.pyfunc

    with warnings.catch_warnings(), _unchecked_requirements():
        warnings.simplefilter("ignore")  # it recommends an example input; a base64 image would be most of MLmodel
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(Path(__file__).with_name("model.py")),
            artifacts={path.name: str(path) for path in artifacts},
            code_paths=[str(engine)],
            signature=_signature(card.task_type),
            pip_requirements=requirements,
            metadata={"task_type": card.task_type, "architecture": card.architecture},
        )


@contextmanager
def _unchecked_requirements() -> Iterator[None]:
    """MLflow compares the requirements with what is installed, for which it reads the list of files of every package
    there is: a second and more. Ours are the versions that are installed."""
    from mlflow.utils import environment

    name = "warn_dependency_requirement_mismatches"
    check = getattr(environment, name)
    setattr(environment, name, lambda requirements: None)
    try:
        yield
    finally:
        setattr(environment, name, check)


def _signature(task_type: str) -> object:
    """What goes in and comes out, as MLflow's schema says it (SPEC §3.2)."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec
    from mlflow.types.schema import Array, Object, Property

    outputs: list[ColSpec | TensorSpec]
    if task_type in EXPLAINED_TASK_TYPES:
        outputs = [ColSpec(Array(DataType.double), "probs"), ColSpec(Array(DataType.string), "labels")]
    else:
        corners = [Property(name, DataType.double) for name in ("topX", "topY", "bottomX", "bottomY")]
        entry = [
            Property("box", Object(corners)),
            Property("label", DataType.string),
            Property("score", DataType.double),
        ]
        if task_type == TaskType.SEGMENTATION:
            entry += [
                Property("polygon", Array(Array(DataType.double)), required=False),
                Property("mask", DataType.string, required=False),
            ]
        outputs = [ColSpec(Array(Object(entry)), "boxes")]
    return ModelSignature(inputs=Schema([ColSpec(DataType.string, "image")]), outputs=Schema(outputs))


def _forget_origin(folder: Path) -> None:
    """MLmodel notes where each file was copied from (paths of this machine), and a pickler that nothing here uses."""
    import yaml

    path = folder / "MLmodel"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    flavor = document["flavors"]["python_function"]
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    flavor.pop("cloudpickle_version", None)
    for entry in flavor["artifacts"].values():
        entry["uri"] = entry["path"]
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

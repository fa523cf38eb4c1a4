"""Writes a trained model as an MLflow model: plain tensors, JSON and source text, nothing pickled."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

import vision
from vision.inference.card import ARTIFACTS, CARD, LABELS, SETTINGS, WEIGHTS, ModelCard, read_card
from vision.spec.settings import InferenceSettings

# The part of the engine that predictions need; it travels with the model.
_ENGINE = (
    "__init__.py",
    "errors.py",
    "registry.py",
    "architectures",
    "catalog",
    "data/__init__.py",
    "data/images.py",
    "explain",
    "inference",
    "spec",
)
_REQUIREMENTS = (
    "captum",
    "colorcet",
    "mlflow-skinny",
    "numpy",
    "pandas",
    "pillow",
    "pydantic",
    "pyyaml",
    "safetensors",
    "scikit-image",
    "timm",
    "torch",
    "torchvision",
)


def save_mlflow_model(
    folder: Path, state_dict: Mapping[str, Tensor], card: ModelCard, settings: InferenceSettings
) -> None:
    """Write the MLflow model into `folder`, which must not exist or be empty.

    `mlflow.pyfunc.load_model(folder)` needs nothing of Darkroom: the code that predicts is inside, under `code/`.

    Source: SPEC §8.1, §8.2; models from code, MLflow documentation.
    """
    settings.check_architecture(card.architecture)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        artifacts = _write_artifacts(Path(scratch), state_dict, card, settings)
        engine = _copy_engine(Path(scratch))
        draft = Path(scratch) / "model"
        _save(draft, artifacts, engine, card)
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
    settings.check_architecture(read_card(folder).architecture)
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


def _copy_engine(scratch: Path) -> Path:
    source, target = Path(vision.__file__).parent, scratch / "vision"
    for name in _ENGINE:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source / name, target / name)
    return target


def _save(folder: Path, artifacts: list[Path], engine: Path, card: ModelCard) -> None:
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow.pyfunc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends an example input; a base64 image would be most of MLmodel
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(Path(__file__).with_name("model.py")),
            artifacts={path.name: str(path) for path in artifacts},
            code_paths=[str(engine)],
            signature=_signature(),
            pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in _REQUIREMENTS],
            metadata={"task_type": card.task_type, "architecture": card.architecture},
        )


def _signature() -> object:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array

    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "image")]),
        outputs=Schema([ColSpec(Array(DataType.double), "probs"), ColSpec(Array(DataType.string), "labels")]),
    )


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

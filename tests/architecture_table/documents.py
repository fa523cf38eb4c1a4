"""The smallest run of a case that means something: a few tiny images, everything else as a job would have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.architecture_table.cases import Case
from tests.vision.architectures.networks import HUB_CONFIGS
from tests.vision.training.object_runs import write_objects
from tests.vision.training.runs import COLOURS, write_split, write_stripes
from vision.architectures.hub_configurations import KNOWN
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.spec.facts import DataFacts, Machine
from vision.spec.parameters import list_parameters
from vision.spec.resolve import resolve_parameters
from vision.training.run_document import RunDocument

BATCH = 2
TRAINED = 4
VALIDATED = 2
SIDE = 64  # px, for networks that take any size
IMAGE_SIZES = {"yolov5": 128, "detr": 256}  # px, by family: as many places as queries look at
_SETTINGS: dict[str, Any] = {
    "number_of_epochs": 1,
    "training_batch_size": BATCH,
    "validation_batch_size": VALIDATED,
    "number_of_workers": 0,
    "random_seed": 3,
    "pretrained": "none",
    "optimizer": "adamw",
    "learning_rate": 1e-5,  # so that what normalisation knows of the images stays true
    "mixed_precision": "off",
    "min_size": SIDE,
    "max_size": 96,
    "proposals": "reduced",
    # A network at random is sure of nothing: what it would say at all is what is compared
    "box_score_threshold": 0.0001,
    "box_detections_per_image": 10,
}
_SHORT: dict[str, dict[str, Any]] = {  # in place of 6 and 10 layers, and of 6 in the backbone's third stage
    "mask2former": {"encoder_layers": 2, "decoder_layers": 3, "backbone_config": {"depths": [2, 2, 2, 2]}}
}
_MACHINE = Machine(cpu_count=2, memory_bytes=16 * 2**30)


def write_run(case: Case, folder: Path, is_short: bool = False, **changes: Any) -> RunDocument:
    """A run in `folder`: one epoch of two steps. `is_short`: of a Hub network's many equal layers only a few.

    `changes` are of its parameters.
    """
    train, validation = (
        _write_images(case.task_type, folder, split, count, seed)
        for split, count, seed in (("train", TRAINED, 1), ("validation", VALIDATED, 2))
    )
    return RunDocument(
        task_type=case.task_type,
        architecture=case.info.name,
        parameters=_settle_parameters(case, changes),
        label_names=sorted(COLOURS),
        train=train,
        validation=validation,
        images_dir=folder / "images",
        cache_dir=folder / "cache",
        output_dir=folder / "output",
        checkpoint_dir=folder / "checkpoints",
        events_path=folder / "events.jsonl",
        weights_dir=_write_configuration(case, folder / "weights", is_short),
        offline=True,
        primary_metric=TASK_TYPES.get(case.task_type).primary_metric,
    )


def _settle_parameters(case: Case, changes: Mapping[str, Any]) -> dict[str, Any]:
    crop = case.info.square_crop or SIDE
    settings = _SETTINGS | {
        "model_size": case.size,
        "image_size": IMAGE_SIZES.get(case.info.family, SIDE),
        "training_crop_size": crop,
        "validation_crop_size": crop,
        "validation_resize_size": crop + crop // 8,
        **changes,
    }
    known = {entry.name for entry in list_parameters(case.task_type, case.info.name)}
    given = {name: value for name, value in settings.items() if name in known}
    facts = DataFacts(TRAINED, VALIDATED, len(COLOURS), 1)
    return resolve_parameters(case.task_type, {"model_name": case.info.name, **given}, facts, _MACHINE).values


def _write_images(task_type: TaskType, folder: Path, split: str, count: int, seed: int) -> Path:
    if task_type == TaskType.CLASSIFICATION:
        names = [sorted(COLOURS)[number % len(COLOURS)] for number in range(count)]
        return write_split(folder, split, {name: names.count(name) for name in names}, seed)
    if task_type == TaskType.MULTILABEL:
        return write_stripes(folder, split, count, seed)
    return write_objects(folder, split, count, seed, masks=task_type == TaskType.SEGMENTATION)


def _write_configuration(case: Case, folder: Path, is_short: bool) -> Path:
    """What the Hub says of a classifier from there; what finds objects the engine knows, as long as it is."""
    name = case.info.name
    if name in HUB_CONFIGS:
        _write_hub_files(folder, name, HUB_CONFIGS[name] | ({"num_hidden_layers": 2} if is_short else {}), {})
    elif is_short and name in KNOWN and (short := _SHORT.get(KNOWN[name].config["model_type"])):
        own = KNOWN[name].config
        backbone = {**own["backbone_config"], **short["backbone_config"]}
        _write_hub_files(folder, name, own | short | {"backbone_config": backbone}, KNOWN[name].processor)
    return folder


def _write_hub_files(folder: Path, name: str, config: Mapping[str, Any], processor: Mapping[str, Any]) -> None:
    own = folder / name.replace("/", "--")
    own.mkdir(parents=True)
    (own / "config.json").write_text(json.dumps(config))
    (own / "preprocessor_config.json").write_text(json.dumps(processor))

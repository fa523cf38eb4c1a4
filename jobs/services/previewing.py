"""Some of a dataset's training images as a job would see them, before it is submitted."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from datasets import storage
from datasets.selectors import manifest_path
from jobs.services.planning import Plan
from vision.catalog.architectures import ARCHITECTURES
from vision.data.prepare import sample_training_rows
from vision.data.query import list_rows
from vision.errors import NotFoundError
from vision.preview.client import PreviewClient
from vision.preview.request import Preview, PreviewRequest, PreviewRow

CLIENT = PreviewClient()
SHOWN = 3
_OTHERS = 9  # images that mosaics may take their other parts from
_KEPT = 50  # previews on this machine
# What a view depends on; everything else may change without another preview.
_DEPENDS_ON = (
    *("augmentations", "advanced_settings", "training_crop_size", "validation_resize_size"),
    *("image_size", "multi_scale", "min_size", "max_size", "tile_grid_size", "tile_overlap_ratio"),
)


def preview_key(plan: Plan, seed: int) -> str:
    """Names a preview by all that it shows."""
    values, version = plan.resolution.values, plan.data.training
    network = ARCHITECTURES.get(values["model_name"], plan.resolution.task_type)
    shown = {name: values[name] for name in _DEPENDS_ON if name in values}
    parts = [version.manifest_key, plan.resolution.task_type, network.family, network.fitting, shown, seed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def draw_preview(plan: Plan, seed: int) -> Preview:
    """The preview of what a plan would train on, with the images and draws of a seed.

    Raises:
        UserError: an image or a label that cannot be used.
        InternalError: the process that draws broke.
    """
    folder = _root() / preview_key(plan, seed)
    preview = CLIENT.draw(_make_request(plan, seed, folder))
    _sweep(folder)
    return preview


def find_picture(key: str, name: str) -> Path:
    """A picture of a preview that was drawn on this machine.

    Raises:
        NotFoundError: there is none, or not any more.
    """
    path = _root() / key / f"{name}.webp"
    if not path.is_file():
        raise NotFoundError("This preview is gone.", hint="Draw it again.")
    return path


def _make_request(plan: Plan, seed: int, folder: Path) -> PreviewRequest:
    version = plan.data.training
    manifest = manifest_path(version)
    rows = list_rows(manifest, choose_rows(manifest, seed))
    return PreviewRequest(
        task_type=plan.resolution.task_type,
        architecture=plan.resolution.values["model_name"],
        parameters=plan.resolution.values,
        label_names=version.label_names,
        rows=[PreviewRow(**row) for row in rows if row["annotation"] is not None],
        images_dir=_bring_images(rows, folder),
        shown=SHOWN,
        seed=seed,
        out=folder,
    )


def choose_rows(manifest: Path, seed: int) -> list[int]:
    """The numbers of the rows to show, then of those that may be seen beside them: first some with labels, each with
    others than the ones before as far as that goes."""
    drawn = sample_training_rows(manifest, 10 * (SHOWN + _OTHERS), seed)
    drawn.sort(key=lambda row: not row[1])
    seen: set[str] = set()
    first: list[int] = []
    for place, labels in drawn:
        if len(first) < SHOWN and not seen & set(labels):
            first.append(place)
            seen |= set(labels)
    others = [place for place, _ in drawn if place not in first]
    return [*first, *others][: SHOWN + _OTHERS]


def _bring_images(rows: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """The folder that holds `blobs/`: storage itself where it is on this machine's disk."""
    local = storage.local_path("blobs")
    if local is not None:
        return local.parent
    for key in {storage.blob_key(row["sha256"]) for row in rows}:
        storage.fetch_file(key, folder / key)
    return folder


def _sweep(newest: Path) -> None:
    """Remove the previews longest not drawn."""
    folders = [folder for folder in _root().iterdir() if folder != newest]
    folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[_KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return Path(settings.STUDIO_HOME) / "previews"

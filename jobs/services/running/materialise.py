"""Everything a training process reads, brought onto this machine."""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings

from datasets import storage
from datasets.selectors import manifest_path
from jobs.models import Node, Trial
from jobs.services.running.place import Place
from jobs.services.starting import PARAMETER, STATE, WEIGHTS, find_start
from jobs.services.weights import bring_weights
from vision.catalog.architectures import ARCHITECTURES
from vision.data.manifest import list_hashes
from vision.data.prepare import RunData, prepare_run_data
from vision.errors import TrainingError
from vision.training.run_document import RunDocument

_FETCHERS = 16


def write_run(trial: Trial, token: str, place: Place) -> RunDocument:
    """Choose the rows, fetch images and checkpoint, and write the run document.

    Raises:
        InvalidDatasetError: nothing to train on or to validate on.
        FileNotFoundError: storage has lost an image or the checkpoint.
    """
    data = _prepare(trial, place)
    run = RunDocument(
        task_type=trial.job.task_type,
        architecture=trial.architecture,
        parameters=trial.params,
        label_names=data.label_names,
        train=data.train,
        validation=data.validation,
        test=data.test,
        images_dir=_bring_images(data, place),
        cache_dir=place.cache,
        weights_dir=bring_weights(ARCHITECTURES.get(trial.architecture, trial.job.task_type), place.cache / "weights"),
        offline=settings.STUDIO_OFFLINE,
        output_dir=place.output,
        checkpoint_dir=place.checkpoints,
        events_path=place.events,
        lease_path=place.lease,
        attempt=token,
        resume_from=_bring_checkpoint(trial, place),
        start_from=_bring_start(trial, place),
        continue_start=trial.params.get(STATE) == "last",
        primary_metric=trial.job.primary_metric,
    )
    run.write(place.run_path)
    return run


def split_seed(trial: Trial) -> int:
    """The same for every attempt, for every trial of a job, so that they are compared on the same images, and for every
    trial that starts from this one: a network would else be validated on what it was trained on."""
    if (start := find_start(str(trial.params.get(PARAMETER) or ""))) is not None:
        return split_seed(start)
    seed: Any = trial.params.get("random_seed")
    return int(seed) if seed is not None else zlib.crc32(trial.job.name.encode())


def cpu_threads(node_name: str) -> int:
    """The processors of one slot of this machine."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    node = Node.objects.filter(name=node_name).first()
    slots = max(1, len(node.gpus) + (node.cpu_slots if not node.gpus else 0)) if node else 1
    return max(1, available // slots)


def _prepare(trial: Trial, place: Place) -> RunData:
    job = trial.job
    validation = manifest_path(job.validation_data) if job.validation_data else None
    size = job.spec.get("validation_data_size")
    out = place.attempt / "data"
    return prepare_run_data(manifest_path(job.training_data), validation, size, split_seed(trial), out)


def _bring_images(data: RunData, place: Place) -> Path:
    """The folder that holds `blobs/`: storage itself where it is on this machine's disk, else the node's cache."""
    local = storage.local_path("blobs")
    if local is not None:
        return local.parent
    hashes = {sha256 for part in (data.train, data.validation, data.test) if part for sha256 in list_hashes(part)}
    keys = [storage.blob_key(sha256) for sha256 in hashes]
    missing = [key for key in keys if not (place.cache / key).exists()]
    with ThreadPoolExecutor(_FETCHERS) as pool:
        list(pool.map(lambda key: storage.fetch_file(key, place.cache / key), missing))
    return place.cache


def _bring_checkpoint(trial: Trial, place: Place) -> Path | None:
    if not trial.checkpoint_key:
        return None
    path = storage.fetch_file(trial.checkpoint_key, place.attempt / "resume" / Path(trial.checkpoint_key).name)
    if not path.exists():
        raise FileNotFoundError(f"The checkpoint {trial.checkpoint_key} is gone from storage.")
    return path


def _bring_start(trial: Trial, place: Place) -> Path | None:
    """What the run left that this one starts from, if it names one: its best weights, or its checkpoint."""
    run_id = trial.params.get(PARAMETER)
    if not run_id:
        return None
    start = find_start(run_id)
    key = _start_key(start, trial.params.get(STATE) == "last") if start else ""
    if not key:
        raise TrainingError(
            f"The run {run_id} that this one starts from is gone.",
            hint="Start the job again without checkpoint_run_id, or from another run.",
            code="checkpoint_gone",
        )
    return storage.fetch_file(key, place.attempt / "start" / Path(key).name)


def _start_key(start: Trial, is_continued: bool) -> str:
    if is_continued or not start.outputs_key:
        return start.checkpoint_key
    return f"{start.outputs_key}/{WEIGHTS}"

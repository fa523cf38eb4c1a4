"""The rules by which an open parameter leaves its documented default, each with its reason.

A rule sees what is settled so far and answers a value with a reason, or None where the documented default stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS, TaskType
from vision.spec.parameters import documented_default
from vision.spec.rate_rules import Change, choose_optimizer, choose_rate
from vision.spec.situation import Situation

MIN_STEPS_PER_EPOCH = 15
MIN_BATCH_SIZE = 8
FROM_SCRATCH_BATCH = 8  # what R-CNNs were measured to learn from scratch with
VALIDATION_FITS_TIMES = 4  # without a backward pass no layer's outputs are kept
CPU_ARCHITECTURES = {TaskType.CLASSIFICATION: "mobilenetv2", TaskType.MULTILABEL: "mobilenetv2"}
# Lighter than the default, but only that one starts from COCO.
CPU_FROM_SCRATCH = {TaskType.SEGMENTATION: "maskrcnn_resnet18_fpn"}
CPU_MODEL_SIZE = "nano"


@dataclass(frozen=True)
class Rule:
    name: str
    decide: Callable[[Situation], Change]


def _architecture(situation: Situation) -> Change:
    slow, task_type = documented_default("model_name", "", situation.task_type), TaskType(situation.task_type)
    fast = CPU_ARCHITECTURES.get(task_type)
    if situation.is_from_scratch:
        fast = fast or CPU_FROM_SCRATCH.get(task_type)
    if situation.machine.gpus or fast is None:
        return None
    times = _times_faster(ARCHITECTURES.get(fast), ARCHITECTURES.get(slow))
    return fast, f"No GPU here: on a CPU {fast} trains {times} times as fast as {slow}."


def _model_size(situation: Situation) -> Change:
    if situation.machine.gpus or not situation.takes("model_size"):
        return None
    info, usual = situation.architecture, situation.documented("model_size")
    times = _times_faster(info.of_size(CPU_MODEL_SIZE), info.of_size(usual))
    return CPU_MODEL_SIZE, f"No GPU here: on a CPU {CPU_MODEL_SIZE} trains {times} times as fast as {usual}."


def _times_faster(fast: ArchitectureInfo, slow: ArchitectureInfo) -> str:
    return f"{fast.cpu_images_per_second / slow.cpu_images_per_second:.1f}"


def _proposals(situation: Situation) -> Change:
    if not situation.takes("proposals"):
        return None
    if situation.machine.gpus:
        return "full", "As published: there is a GPU here."
    return "reduced", "No GPU here: a step of Faster R-CNN took 0.9 s on 2 cores in place of 2.5 s."


def _training_batch(situation: Situation) -> Change:
    documented, images = situation.documented("training_batch_size"), situation.data.train_images
    fitting = situation.fitting_batch("training_crop_size")
    wanted, reason = documented, ""
    if situation.task_type in CLASSIFICATION_TASKS and images / documented < MIN_STEPS_PER_EPOCH:
        wanted, reason = _small_batch(documented, images)
    elif situation.is_rcnn and situation.is_from_scratch:
        wanted = FROM_SCRATCH_BATCH
        reason = f"From scratch: batch normalisation needs more than {documented} images a step."
    if fitting < wanted and situation.values["auto_find_batch_size"]:
        wanted, reason = fitting, _memory_reason(wanted, situation.memory)
    return (wanted, reason) if wanted != documented else None


def _small_batch(documented: int, images: int) -> tuple[int, str]:
    small = 2 ** int(math.log2(max(1, images / MIN_STEPS_PER_EPOCH)))
    steps = math.ceil(images / documented)
    return min(max(MIN_BATCH_SIZE, small), documented), (
        f"{images} training images in batches of {documented} are only {steps} step{'s' if steps > 1 else ''} an "
        "epoch; on a set of 240, batches of 16 with a learning rate lowered alike gained 20 points of accuracy."
    )


def _validation_batch(situation: Situation) -> Change:
    if not situation.values["auto_find_batch_size"]:
        return None
    documented = situation.documented("validation_batch_size")
    fitting = situation.fitting_batch("validation_crop_size") * VALIDATION_FITS_TIMES
    return (fitting, _memory_reason(documented, situation.memory)) if fitting < documented else None


def _memory_reason(images: int, memory: int) -> str:
    return f"{images} images do not fit the {memory / 2**30:.1f} GiB of memory that a trial may fill here."


def _epochs(situation: Situation) -> Change:
    steps = situation.values["max_steps"]
    if not steps:
        return None
    epochs, an_epoch = math.ceil(steps / situation.updates_per_epoch), situation.updates_per_epoch
    return epochs, f"max_steps counts: {steps} steps, {an_epoch} of them an epoch of this data."


def _evaluation(situation: Situation) -> Change:
    if situation.values.get("evaluation_strategy") != "steps":
        return None
    return _round_steps(situation, situation.values["evaluation_steps"], "validates")


def _checkpoints(situation: Situation) -> Change:
    strategy = situation.values.get("save_strategy")
    if strategy == "epoch":
        return 1, "save_strategy asks for one an epoch."
    return _round_steps(situation, situation.values["save_steps"], "saves") if strategy == "steps" else None


def _round_steps(situation: Situation, steps: int, verb: str) -> Change:
    an_epoch = situation.updates_per_epoch
    epochs = max(1, round(steps / an_epoch))
    return epochs, f"{steps} steps, {an_epoch} of them an epoch of this data: Darkroom {verb} at the end of epochs."


def _warmup(situation: Situation) -> Change:
    epochs = situation.values["number_of_epochs"]
    most = epochs // 3
    if most >= situation.documented("warmup_cosine_lr_warmup_epochs"):
        return None
    return most, f"Of {epochs} epoch{'s' if epochs > 1 else ''} at most a third goes to warming up."


def _resize(situation: Situation) -> Change:
    if not situation.takes("validation_crop_size"):
        return None
    crop = situation.values["validation_crop_size"]
    documented, documented_crop = (
        situation.documented("validation_resize_size"),
        situation.documented("validation_crop_size"),
    )
    if crop == documented_crop:
        return None
    return round(crop * documented / documented_crop), f"In proportion with the crop of {crop} px."


def _workers(situation: Situation) -> Change:
    cores = situation.machine.cpu_count
    if not situation.machine.gpus:
        # Two cores, mobilenetv2: 3.8, 3.2, 3.0 s an epoch without, 7.6, 3.1, 3.0 s with two processes.
        return 0, "On a CPU loader processes gain nothing: the first epoch took half as long without them."
    if cores >= situation.documented("number_of_workers"):
        return None
    return cores, f"One for each of the {cores} CPU core{'s' if cores > 1 else ''} here."


RULES = (
    Rule("model_name", _architecture),
    Rule("model_size", _model_size),
    Rule("proposals", _proposals),
    Rule("validation_resize_size", _resize),
    Rule("training_batch_size", _training_batch),
    Rule("validation_batch_size", _validation_batch),
    Rule("number_of_epochs", _epochs),
    Rule("evaluation_frequency", _evaluation),
    Rule("checkpoint_frequency", _checkpoints),
    Rule("optimizer", choose_optimizer),
    Rule("learning_rate", choose_rate),
    Rule("warmup_cosine_lr_warmup_epochs", _warmup),
    Rule("number_of_workers", _workers),
)

"""What went wrong, in words its owner can act on."""

from __future__ import annotations

import errno
import math

import torch

from vision.errors import DarkroomError, InternalError, TrainingError


def check_loss(loss: float, limit: float, learning_rate: float) -> None:
    """Refuse to go on from a loss that is no number or has run away.

    Raises:
        TrainingError: the loss is NaN, infinite or above `limit`.
    """
    if math.isfinite(loss) and loss <= limit:
        return
    what = f"rose to {loss:.4g}" if math.isfinite(loss) else "became NaN or infinite"
    raise TrainingError(
        f"Training diverged: the loss {what} at a learning rate of {learning_rate:.3g}.",
        hint="Lower `learning_rate`, or raise `warmup_cosine_lr_warmup_epochs`. "
        "If that does not help, set `mixed_precision: off`.",
        code="training_diverged",
    )


def explain_fault(error: BaseException, batch_size: int) -> DarkroomError:
    """The error as one of ours: a cause with a way out where we know one, else an internal error."""
    if isinstance(error, DarkroomError):
        return error
    if _is_out_of_memory(error):
        return TrainingError(
            f"There was not enough memory for batches of {batch_size} images.",
            hint="Lower `training_batch_size` (raise `gradient_accumulation_step` by the same factor to train alike), "
            "`validation_batch_size`, the size of the images (`training_crop_size`, `image_size` or `min_size`) or "
            "`number_of_workers`.",
            code="out_of_memory",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return TrainingError(
            f"The disk is full: {error.filename or 'a file'} could not be written.",
            hint="Free some space under STUDIO_HOME and start the trial again.",
            code="disk_full",
        )
    text = str(error).strip() or type(error).__name__
    return InternalError(f"Training broke: {type(error).__name__}: {text}", hint="The trial's log has the details.")


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    # A processor's allocator and a killed worker process speak through plain RuntimeErrors.
    words = ("out of memory", "not enough memory", "can't allocate memory", "killed by signal: killed")
    return isinstance(error, RuntimeError) and any(word in text for word in words)

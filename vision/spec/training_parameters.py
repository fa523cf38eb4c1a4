"""The table of hyperparameters that every task type takes (SPEC §4.1)."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import TaskType
from vision.spec.best_metrics import CHOICES as BEST_METRICS
from vision.spec.model_names import read_model_name
from vision.spec.optimization_parameters import OPTIMIZATION_PARAMETERS
from vision.spec.parameter import Parameter
from vision.spec.run_parameters import RUN_PARAMETERS
from vision.spec.step_parameters import STEP_PARAMETERS

_all = partial(Parameter, task_types=tuple(TaskType))

_NETWORK = (
    _all(
        "model_name",
        "string",
        "Architecture",
        "The network to train. Left open, the task's default is taken, or the lightest one on a machine without a GPU.",
        "Network",
        read=read_model_name,
        accepts="one of the task's architectures, a Hub id with a slash, or for classification timm/<name>",
    ),
    _all(
        "pretrained",
        "choice",
        "Pretrained weights",
        "Starting from the published weights (auto) fails clearly where they are neither on this machine nor to be "
        "downloaded; training from scratch (none) needs far more images.",
        "Network",
        default="auto",
        choices=("auto", "none"),
        value_titles=("Start from pretrained weights", "Train from scratch"),
    ),
    _all(
        "checkpoint_run_id",
        "string",
        "Start from a trial",
        "The trial (or the job, for its best trial) whose weights training starts from, in place of the published "
        "ones: the same task and architecture; data and labels may differ. Of the same data the same images are set "
        "aside for validation.",
        "Network",
    ),
    _all(
        "checkpoint_state",
        "choice",
        "Start with",
        "What is taken of the trial to start from. Where it stopped: a trial that was canceled, ran out of time or "
        "failed goes on as if it had not, to the number of epochs in all, which may be more than it was to train.",
        "Network",
        default="best",
        choices=("best", "last"),
        value_titles=("Its best weights, all else anew", "Where it stopped: weights, optimizer, epochs"),
    ),
    _all(
        "layers_to_freeze",
        "int",
        "Layers to freeze",
        "The first layers keep their pretrained weights: faster, and steadier on few images. Empty or 0 trains all.",
        "Network",
        minimum=0,
        unit="layers",
    ),
)

_LENGTH = (
    _all(
        "number_of_epochs",
        "int",
        "Epochs",
        "How often training passes over all training images.",
        "Training",
        default=15,
        minimum=1,
        unit="epochs",
    ),
    _all(
        "max_steps",
        "int",
        "Steps",
        "How many changes of the weights the run makes in all; given, it takes the place of the epochs. Empty or -1: "
        "as the epochs say.",
        "Training",
        minimum=1,
        unit="steps",
        is_advanced=True,
    ),
    _all(
        "training_batch_size",
        "int",
        "Training batch size",
        "Images per training step. Fewer images a step mean more steps an epoch, and less memory.",
        "Training",
        minimum=1,
        unit="images",
    ),
    _all(
        "auto_find_batch_size",
        "bool",
        "Fit batches to memory",
        "Batches are made no larger than the memory of the GPU or the machine is reckoned to hold, and halved where it "
        "runs out all the same: as many more of them then make an update, which the trial notes. Off: the trial fails.",
        "Training",
        default=True,
        is_advanced=True,
    ),
    _all(
        "validation_batch_size",
        "int",
        "Validation batch size",
        "Images per validation step. Changes the speed and the memory used, never the result.",
        "Training",
        minimum=1,
        unit="images",
        is_advanced=True,
    ),
    _all(
        "gradient_accumulation_step",
        "int",
        "Gradient accumulation",
        "Batches whose gradients are summed before the weights are changed: a larger batch than memory holds at once.",
        "Training",
        default=1,
        minimum=1,
        unit="batches",
        aliases=("grad_accumulation_step",),
        is_advanced=True,
    ),
    _all(
        "evaluation_frequency",
        "int",
        "Validate every",
        "Epochs between two validations.",
        "Training",
        default=1,
        minimum=1,
        unit="epochs",
        is_advanced=True,
    ),
    _all(
        "checkpoint_frequency",
        "int",
        "Keep a checkpoint every",
        "Epochs between two checkpoints that are kept besides the best one. Empty or 0 keeps the best alone.",
        "Training",
        minimum=0,
        unit="epochs",
        is_advanced=True,
    ),
    _all(
        "save_total_limit",
        "int",
        "Most checkpoints",
        "Of the checkpoints that are kept besides the best one the newest that many stay. Empty or -1: all of them.",
        "Training",
        minimum=1,
        unit="checkpoints",
        is_advanced=True,
    ),
    _all(
        "metric_for_best_model",
        "choice",
        "Best epoch by",
        "The metric whose best value makes an epoch the one that is kept (of equal ones that with the lowest "
        "validation loss), and that early stopping waits for. Trials are ranked by the primary metric all the same.",
        "Validation",
        choices=BEST_METRICS,
        is_advanced=True,
    ),
)

_STOPPING = (
    _all(
        "early_stopping",
        "bool",
        "Stop early",
        "End the run when validation no longer gets better.",
        "Early stopping",
        default=True,
    ),
    _all(
        "early_stopping_patience",
        "int",
        "Patience",
        "Validations without a better primary metric before the run stops.",
        "Early stopping",
        default=5,
        minimum=1,
        unit="validations",
        is_advanced=True,
    ),
    _all(
        "early_stopping_delay",
        "int",
        "Delay",
        "Validations before a lack of improvement counts at all.",
        "Early stopping",
        default=5,
        minimum=1,
        unit="validations",
        is_advanced=True,
    ),
)

TRAINING_PARAMETERS = (
    *_NETWORK,
    *_LENGTH,
    *STEP_PARAMETERS,
    *OPTIMIZATION_PARAMETERS,
    *_STOPPING,
    *RUN_PARAMETERS,
)

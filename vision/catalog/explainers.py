"""The explanation algorithms a scoring request may name (SPEC §10): what forms and help pages say of them.

Adding one is an entry here and a function under `vision/explain/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vision.catalog.task_types import TaskType
from vision.registry import Registry

EXPLAINED_TASK_TYPES = (TaskType.CLASSIFICATION, TaskType.MULTILABEL)


@dataclass(frozen=True)
class ExplainerParameter:
    """One option of an algorithm, as a form shows it. `name` is the key in `xai_parameters`."""

    name: str
    kind: Literal["int", "bool", "choice"]
    title: str
    help: str
    default: int | bool | str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExplainerInfo:
    """One algorithm.

    `function` is the dotted path of its implementation, called by `vision.explain.explain`. `scale` says how its signed
    numbers become a heat map: `absolute` (any influence counts) or `range` (lowest to highest). `needs_map`: it takes a
    layer that still has places, which not every network has (`Built.cam_layer`).
    """

    name: str
    title: str
    help: str
    function: str
    scale: Literal["absolute", "range"]
    parameters: tuple[ExplainerParameter, ...] = ()
    needs_map: bool = False


_STEPS = ExplainerParameter(
    "n_steps",
    "int",
    "Steps",
    "Points on the path that gradients are taken at. More than 50 gain little.",
    50,
    2,
    10_000,
)
_FAST = ExplainerParameter(
    "xrai_fast",
    "bool",
    "Fast",
    "Each region is ranked once instead of anew after every choice: quicker, less exact.",
    True,
)
_APPROXIMATION = ExplainerParameter(
    "approximation_method",
    "choice",
    "Approximation",
    "How the integral along the path is taken.",
    "riemann_middle",
    choices=("riemann_middle", "gausslegendre"),
)

EXPLAINERS: Registry[ExplainerInfo] = Registry(
    "explanation algorithm",
    [
        ExplainerInfo(
            "xrai",
            "XRAI",
            "Ranks whole regions by how much they speak for the prediction. The clearest picture; the slowest.",
            "vision.explain.xrai:xrai",
            "range",
            (_STEPS, _FAST),
        ),
        ExplainerInfo(
            "integrated_gradients",
            "Integrated gradients",
            "Adds up the gradient on the way from an empty image to this one: signed, exact, fine-grained.",
            "vision.explain.gradients:integrated_gradients",
            "absolute",
            (_STEPS, _APPROXIMATION),
        ),
        ExplainerInfo(
            "guided_gradcam",
            "Guided GradCAM",
            "Guided backpropagation kept where the last feature map speaks for the class. Quick and well placed.",
            "vision.explain.guided:guided_gradcam",
            "absolute",
            needs_map=True,
        ),
        ExplainerInfo(
            "guided_backprop",
            "Guided backpropagation",
            "The gradient with only its positive parts passed on: the quickest, shows edges rather than reasons.",
            "vision.explain.guided:guided_backprop",
            "absolute",
        ),
    ],
)

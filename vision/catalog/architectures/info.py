"""What an architecture says of itself in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vision.catalog.task_types import TaskType

# How the file of a network's weights may go on after its name: as such, with timm's tag, with torchvision's digest.
WEIGHT_FILE_ENDS = (".safetensors", ".*.safetensors", ".pth", "-*.pth")

FittingKind = Literal["centre_crop", "shorter_side", "letterbox", "stretch"]


@dataclass(frozen=True)
class PretrainedInfo:
    """Where the pretrained start is found.

    `file_names` are looked up in order in `STUDIO_WEIGHTS_DIR` (shell patterns allowed); `download` is the dotted
    path of a function that fetches them through the library's own means. `fallback_names` are files of a lesser start
    (a part of the network), looked up when none of the others is here or can be fetched.
    """

    file_names: tuple[str, ...]
    download: str
    dataset: str = "ImageNet-1k"
    fallback_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArchitectureInfo:
    """One architecture.

    `builder` is the dotted path of `build(num_classes: int, options: Mapping[str, Any]) -> vision.architectures.Built`;
    `options` are the resolved parameters that shape the network, and travel with every model made of it (`model_size`).
    `size_mb` is the float32 weight file; `cpu_images_per_second` what one training step did on 2 cores.
    `fitting` is how an image is brought to the network's input (`vision.inference.fitting`).
    """

    name: str
    title: str
    family: str
    task_types: tuple[TaskType, ...]
    builder: str
    pretrained: PretrainedInfo
    parameters_millions: float
    size_mb: int
    cpu_images_per_second: float
    character: str
    square_crop: int | None = None  # the one training and validation crop it can take, if only one
    max_layers_to_freeze: int = 0
    fitting: FittingKind = "centre_crop"
    options: tuple[str, ...] = ()

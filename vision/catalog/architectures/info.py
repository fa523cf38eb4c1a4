"""What an architecture says of itself in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vision.catalog.task_types import TaskType

# How the file of a network's weights may go on after its name: as such, with timm's tag, with torchvision's digest or a
# word of one's own.
WEIGHT_FILE_ENDS = (".safetensors", ".*.safetensors", "-*.safetensors", ".pth", "-*.pth")

FittingKind = Literal["centre_crop", "shorter_side", "letterbox", "stretch"]


@dataclass(frozen=True)
class PretrainedInfo:
    """Where the pretrained start is found.

    `file_names` are looked up in order in `STUDIO_WEIGHTS_DIR` (shell patterns allowed); `download` is the dotted
    path of a function that fetches them through the library's own means. `fallback_names` are files of a lesser start
    (a part of the network), looked up when none of the others is here or can be fetched. `cache` is the dotted path of
    a function that finds them among what the library itself has downloaded before.
    """

    file_names: tuple[str, ...]
    download: str
    dataset: str = "ImageNet-1k"
    fallback_names: tuple[str, ...] = ()
    cache: str = ""


@dataclass(frozen=True)
class SizeInfo:
    """One of the sizes of an architecture, by its `model_size`: what differs in it."""

    name: str
    network: str
    file_names: tuple[str, ...]
    parameters_millions: float
    size_mb: int
    cpu_images_per_second: float


@dataclass(frozen=True)
class ArchitectureInfo:
    """One architecture.

    `builder` is the dotted path of `build(num_classes: int, options: Mapping[str, Any]) -> vision.architectures.Built`;
    `options` are the resolved parameters that shape the network, and travel with every model made of it (`model_size`);
    those that are no parameters (the configuration of a network on the Hub) come from the function at `find_options`.
    `network` is set where the functions named here serve many networks: its name in its library, which each of them
    gets as its first argument.
    `size_mb` is the float32 weight file; `cpu_images_per_second` what one training step did on 2 cores.
    `fitting` is how an image is brought to the network's input (`vision.inference.fitting`).
    `sizes`, where it comes in several: the figures here are then those of the usual one, the files those of all.
    `roles`, where the name does not tell what the network does: what it is in each kind of task.
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
    find_options: str = ""
    network: str = ""
    sizes: tuple[SizeInfo, ...] = ()
    roles: tuple[ArchitectureInfo, ...] = ()

    def for_task(self, task_type: str) -> ArchitectureInfo:
        """This architecture as it trains that task type; itself where it is the same in all it does."""
        return next((role for role in self.roles if task_type in role.task_types), self)

    def of_size(self, name: str | None) -> ArchitectureInfo:
        """This architecture in the size of that name, with its files and figures; itself where it has no such size."""
        for size in self.sizes:
            if size.name == name:
                return replace(
                    self,
                    title=f"{self.title} {size.name.replace('_', ' ')}",
                    network=size.network,
                    pretrained=replace(self.pretrained, file_names=size.file_names),
                    parameters_millions=size.parameters_millions,
                    size_mb=size.size_mb,
                    cpu_images_per_second=size.cpu_images_per_second,
                    sizes=(),
                )
        return self

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `builder` and the other functions get before their own arguments."""
        return (self.network,) if self.network else ()

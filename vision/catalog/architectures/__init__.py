"""The architectures a job may name: one frozen entry each, the builder resolved on first use.

Adding an architecture is one entry here and one builder under `vision/architectures/`.
"""

from __future__ import annotations

from vision.catalog.architectures.classifiers import CLASSIFIERS
from vision.catalog.architectures.detectors import DETECTORS
from vision.catalog.architectures.hub import HUB_ALIASES, HUB_CLASSIFIERS
from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo
from vision.catalog.architectures.open_names import EFFICIENTNET, describe_open_name
from vision.catalog.architectures.segmenters import SEGMENTERS
from vision.registry import Registry

__all__ = ["ARCHITECTURES", "ArchitectureInfo", "PretrainedInfo", "list_architectures"]


class Architectures(Registry[ArchitectureInfo]):
    """The listed architectures, which are what it iterates over, and every network that has an open name."""

    def get(self, name: str, task_type: str = "") -> ArchitectureInfo:
        """The entry of that name; its `name` is the canonical one where `name` is another spelling.

        A network whose name does not tell what it does is described as what it does in training `task_type`.

        Raises:
            NotFoundError: no such entry; the hint lists the names.
        """
        name = HUB_ALIASES.get(name, name)
        info = super().get(name) if name in self._entries else describe_open_name(name) or super().get(name)
        return info.for_task(task_type)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._entries or name in HUB_ALIASES or describe_open_name(name) is not None


ARCHITECTURES = Architectures("architecture", [*CLASSIFIERS, *HUB_CLASSIFIERS, EFFICIENTNET, *DETECTORS, *SEGMENTERS])


def list_architectures(task_type: str) -> list[ArchitectureInfo]:
    """The architectures that train this task type, lightest first as listed."""
    return [info for info in ARCHITECTURES if task_type in info.task_types]

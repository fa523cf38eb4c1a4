"""The architectures a job may name: one frozen entry each, the builder resolved on first use.

Adding an architecture is one entry here and one builder under `vision/architectures/`.
"""

from __future__ import annotations

from vision.catalog.architectures.classifiers import CLASSIFIERS
from vision.catalog.architectures.detectors import DETECTORS
from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo
from vision.catalog.architectures.open_names import ALIASES, LISTED, describe_open_name
from vision.catalog.architectures.segmenters import SEGMENTERS
from vision.registry import Registry

__all__ = ["ARCHITECTURES", "ArchitectureInfo", "PretrainedInfo", "list_architectures"]


class Architectures(Registry[ArchitectureInfo]):
    """The listed architectures, which are what it iterates over, and every network that has an open name."""

    def get(self, name: str) -> ArchitectureInfo:
        """The entry of that name; its `name` is the canonical one where `name` is another spelling.

        Raises:
            NotFoundError: no such entry; the hint lists the names.
        """
        name = ALIASES.get(name, name)
        return super().get(name) if name in self._entries else describe_open_name(name) or super().get(name)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._entries or name in ALIASES or describe_open_name(name) is not None


ARCHITECTURES = Architectures("architecture", [*CLASSIFIERS, *LISTED, *DETECTORS, *SEGMENTERS])


def list_architectures(task_type: str) -> list[ArchitectureInfo]:
    """The architectures that train this task type, lightest first as listed."""
    return [info for info in ARCHITECTURES if task_type in info.task_types]

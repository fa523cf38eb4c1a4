"""Instance masks: one picture a photo whose values are the numbers of its instances."""

from vision.data.formats.instance_masks.reading import InstanceMasksReader
from vision.data.formats.instance_masks.writing import InstanceMasksWriter

__all__ = ["InstanceMasksReader", "InstanceMasksWriter"]

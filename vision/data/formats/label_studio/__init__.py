"""Label Studio: its JSON and JSON-MIN exports, and the JSON it imports."""

from vision.data.formats.label_studio.reader import LabelStudioReader
from vision.data.formats.label_studio.writer import LabelStudioWriter

__all__ = ["LabelStudioReader", "LabelStudioWriter"]

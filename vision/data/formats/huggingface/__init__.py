"""Hugging Face's image folders: metadata.jsonl or metadata.csv beside the images of each split."""

from vision.data.formats.huggingface.reader import HuggingfaceReader
from vision.data.formats.huggingface.writer import HuggingfaceWriter

__all__ = ["HuggingfaceReader", "HuggingfaceWriter"]

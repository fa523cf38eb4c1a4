"""Which split a folder or file name speaks of."""

from __future__ import annotations

import re

_WORDS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "eval": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "holdout": "test",
}


def guess_split(path: str) -> str:
    """The split named by a path, its last parts counting first; "" where none is named.

    `validation-mltable-folder/annotations.jsonl` and `train/validation_annotations.jsonl` are both validation.
    """
    for part in reversed(path.split("/")):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in _WORDS:
                return _WORDS[word]
    return ""


def read_split(value: object) -> str:
    """A cell of a `split` column as one of our splits, "" where it is none."""
    return _WORDS.get(value.strip().lower(), "") if isinstance(value, str) else ""

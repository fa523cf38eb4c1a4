"""What a dataset may be called."""

from __future__ import annotations

import re

from vision.errors import Detail, InvalidDatasetError

_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ENDINGS = re.compile(r"\.(zip|tgz|tar(\.(gz|bz2|xz|zst))?|jsonl?|csv|tsv|parquet|xml)$", re.IGNORECASE)
_RESERVED = {"new", "sample", "latest", "datastores"}


def check_name(name: str) -> str:
    """The name, if it can be one.

    Raises:
        InvalidDatasetError: empty, too long, other characters, or a word that has a page of its own.
    """
    name = name.strip()
    if not _PATTERN.fullmatch(name) or name in _RESERVED:
        raise InvalidDatasetError(
            f"{name[:100]!r} cannot name a dataset." if name else "The dataset has no name.",
            hint="Use up to 100 letters, digits, '-', '_' and '.', beginning with a letter or digit; not 'new', "
            "'sample', 'latest' or 'datastores'.",
            code="invalid_name",
            details=[Detail("not a valid name", code="invalid_name", path="name")],
        )
    return name


def suggest_name(file_name: str) -> str:
    """A dataset's name from its file's: `My Parts (2).tar.gz` becomes `My-Parts-2`."""
    stem = re.sub(
        r"\.(zip|tgz|tar(\.(gz|bz2|xz|zst))?|jsonl?|csv|tsv|parquet|xml)$", "", file_name, flags=re.IGNORECASE
    )
    return re.sub(r"[^A-Za-z0-9_.]+", "-", stem).strip("-._")[:100]

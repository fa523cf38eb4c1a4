"""What an embedding process is asked to do, and the files it leaves: a contract between two processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

VECTORS, BASIS, ABOUT = "vectors.npy", "basis.npy", "about.json"
"""What is kept, below `out`: float16 [rows, dimensions], how they were reduced, what they are with map and outliers."""
PROGRESS, FAILURE = "progress.json", "failure.json"
"""What is told on the way: how far it is, why it ended."""
NETWORK = "mobilenetv2"
"""The architecture whose features describe an image, where its pretrained weights are at hand."""


class EmbeddingRequest(BaseModel):
    """One manifest to describe. `storage` is a folder or an fsspec address, `thumbnail` the key of one below it, with
    `{head}` and `{sha256}`. `known` is the folder of another manifest's vectors, to be taken over where images are the
    same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manifest: Path
    storage: str
    thumbnail: str
    out: Path
    known: Path | None = None
    known_manifest: Path | None = None
    weights_dir: Path | None = None
    offline: bool = False
    threads: int = 1
    map_points: int = 5_000
    outliers: int = 60

    def write(self) -> Path:
        """The request as a file in `out`."""
        self.out.mkdir(parents=True, exist_ok=True)
        return write_json(self.out / "request.json", self.model_dump(mode="json"))


def read_request(path: Path) -> EmbeddingRequest:
    return EmbeddingRequest.model_validate_json(path.read_bytes())


def write_json(path: Path, content: Any) -> Path:
    """Whole or not at all."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; {} where there is none yet."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

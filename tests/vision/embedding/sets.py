"""Manifests with thumbnails in a folder, for tests of what describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.vision.data.manifests import manifest, row
from vision.data.images import make_thumbnail
from vision.embedding.request import EmbeddingRequest

KINDS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (50, 60, 200)}


def picture(kind: str, seed: int, side: int = 32) -> Image.Image:
    """Stripes and specks in one colour; every seed another picture."""
    random = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), KINDS[kind], np.float32) + random.normal(0, 12, (side, side, 3))
    pixels[:: 2 + list(KINDS).index(kind)] *= 0.5
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def thumbnail_path(storage: Path, sha256: str) -> Path:
    return storage / "thumbs" / sha256[:2] / f"{sha256}.webp"


def hash_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def write_set(folder: Path, names: Sequence[str], side: int = 32) -> EmbeddingRequest:
    """A manifest of images named `<kind>-<seed>`, label the kind; an image named twice is one image in two rows."""
    storage = folder / "a storage"  # a space in it, as in people's home folders
    for name in dict.fromkeys(names):
        kind, _, seed = name.partition("-")
        path = thumbnail_path(storage, hash_of(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_thumbnail(picture(kind, int(seed), side)))
    folder.mkdir(exist_ok=True)
    return make_request(folder, names, storage)


def make_request(folder: Path, names: Sequence[str], storage: Path, **fields) -> EmbeddingRequest:
    folder.mkdir(exist_ok=True)
    rows = [row(number, name.partition("-")[0], sha256=hash_of(name), phash=0) for number, name in enumerate(names)]
    return EmbeddingRequest(
        manifest=manifest(folder / "manifest.parquet", rows),
        storage=str(storage),
        thumbnail="thumbs/{head}/{sha256}.webp",
        out=folder / "out",
        offline=True,
        **fields,
    )

"""Which images of a manifest are to be described: each once, and none that another version has described."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vision.data.similarity import Rows, Vectors, open_vectors
from vision.embedding.reducing import Basis, load_basis
from vision.embedding.request import ABOUT, BASIS, VECTORS, EmbeddingRequest, read_json
from vision.errors import NotFoundError

Hashes = NDArray[np.uint8]


@dataclass(frozen=True)
class Known:
    """Vectors of another version: `rows[i]` is where row i's image stands in `vectors`, or -1."""

    vectors: Vectors
    basis: Basis
    rows: Rows
    method: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """`first[i]` is the first row with row i's image; `todo` are the rows to describe."""

    hashes: Hashes
    first: Rows
    todo: Rows
    known: Known | None

    def without_known(self) -> Plan:
        """The plan where what is known was made in another way."""
        return Plan(self.hashes, self.first, np.flatnonzero(self.first == np.arange(len(self.first))), None)


def make_plan(request: EmbeddingRequest) -> Plan:
    hashes = list_hashes(request.manifest)
    _, first, place = np.unique(_as_keys(hashes), return_index=True, return_inverse=True)
    plan = Plan(hashes, first[place], np.zeros(0, np.int64), None).without_known()
    known = _find_known(request, hashes)
    return Plan(hashes, plan.first, plan.todo[known.rows[plan.todo] < 0], known) if known else plan


def list_hashes(manifest: Path) -> Hashes:
    """The SHA-256 of each row's image, in order: uint8 [rows, 32]."""
    with pq.ParquetFile(manifest) as file:
        pieces = [
            np.frombuffer(bytes.fromhex("".join(batch.column(0).to_pylist())), np.uint8)
            for batch in file.iter_batches(columns=["sha256"])
        ]
    return np.concatenate([np.zeros(0, np.uint8), *pieces]).reshape(-1, 32)


def _find_known(request: EmbeddingRequest, hashes: Hashes) -> Known | None:
    """What can be taken over; None where there is nothing, or it cannot be read: then all is described."""
    if request.known is None or request.known_manifest is None:
        return None
    about, basis = read_json(request.known / ABOUT), load_basis(request.known / BASIS)
    try:
        vectors = open_vectors(request.known / VECTORS)
        theirs = list_hashes(request.known_manifest)
    except (OSError, NotFoundError):
        return None
    if basis is None or len(vectors) != len(theirs) or not len(theirs):
        return None
    rows = _find_rows(_as_keys(theirs), _as_keys(hashes))
    rows[~vectors[rows].any(axis=1)] = -1
    return Known(vectors, basis, rows, str(about.get("method", "")), str(about.get("reason", "")))


def _find_rows(theirs: NDArray[np.bytes_], mine: NDArray[np.bytes_]) -> Rows:
    order = np.argsort(theirs)
    place = np.minimum(np.searchsorted(theirs, mine, sorter=order), len(theirs) - 1)
    return np.where(theirs[order[place]] == mine, order[place], -1)


def _as_keys(hashes: Hashes) -> NDArray[np.bytes_]:
    return np.ascontiguousarray(hashes).view("S32").ravel()

"""The embedding process: describes each image of a manifest, and goes on where an earlier one stopped."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_weights
from vision.data.similarity import Vectors, find_outliers, spread_rows
from vision.embedding.descriptor import ColourEdgeDescriptor
from vision.embedding.pictures import Rows, Thumbnails
from vision.embedding.planning import Plan, make_plan
from vision.embedding.reducing import DIMENSIONS, Basis, fit_basis, load_basis
from vision.embedding.request import ABOUT, BASIS, NETWORK, PROGRESS, VECTORS, EmbeddingRequest, read_json, write_json
from vision.errors import InvalidDatasetError, WeightsUnavailableError
from vision.interpreter import import_torchvision, importing

logger = logging.getLogger(__name__)
_SAMPLE = 2_048  # images the basis is fitted on
_FLUSHED = 4  # batches
_PIECE = 65_536  # rows


class Describer(Protocol):
    """Turns pictures into features: uint8 [B, side, side, 3] → float32 [B, D]. `batch` is how many at a time."""

    name: str
    side: int
    batch: int

    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]: ...


def embed_images(request: EmbeddingRequest) -> None:
    """Write vectors, map and outliers below `request.out`.

    Raises:
        InvalidDatasetError: not one thumbnail can be read.
    """
    plan = make_plan(request)
    if plan.known and not len(plan.todo):
        method, reason = plan.known.method, plan.known.reason
        vectors = _begin(request, plan, plan.known.basis)
        _save(request, vectors, plan.known.basis)
    else:
        describer, reason = choose_describer(request)
        method = describer.name
        if plan.known and plan.known.method != method:
            plan = plan.without_known()
        vectors = _Run(request, plan, describer).describe_all()
    _repeat(vectors, plan.first)
    _tell(request, method, len(plan.todo), len(plan.todo), "laying out")
    write_json(request.out / ABOUT, _describe(request, vectors) | _facts(method, reason, vectors))


def choose_describer(request: EmbeddingRequest) -> tuple[Describer, str]:
    """The network if its weights are at hand, else colours and edges with the reason."""
    info = ARCHITECTURES.get(NETWORK)
    try:
        if not request.offline:  # a download is its library's own
            _import_libraries()
        weights = find_weights(info, request.weights_dir, request.offline, lambda message, fraction: None)
        _import_libraries()
        from vision.embedding.backbone import load_backbone

        return load_backbone(weights), ""
    except WeightsUnavailableError as error:
        logger.warning("%s Colours and edges are used instead.", error.message)
        return ColourEdgeDescriptor(), error.message


def _import_libraries() -> None:
    """Torch and what is built on it, of which colours and edges have no use."""
    with importing():
        import_torchvision()
        import vision.embedding.backbone  # noqa: F401


class _Run:
    """The images of a plan described by one describer, first those that the basis is fitted on."""

    def __init__(self, request: EmbeddingRequest, plan: Plan, describer: Describer) -> None:
        self._request, self._plan, self._describer = request, plan, describer
        self._thumbnails = Thumbnails(request, plan.hashes, describer.side)
        self._sample = plan.todo[spread_rows(len(plan.todo), _SAMPLE)]
        self._todo = np.concatenate([self._sample, np.setdiff1d(plan.todo, self._sample, assume_unique=True)])

    def describe_all(self) -> Vectors:
        basis, done = self._take_up() or self._start()
        vectors: Vectors = np.load(self._request.out / VECTORS, mmap_mode="r+", allow_pickle=False)
        self._tell(done)
        for number, (rows, features) in enumerate(self._features(self._todo[done:]), start=1):
            vectors[rows] = basis.reduce(features)
            if number % _FLUSHED == 0:
                vectors.flush()  # type: ignore[attr-defined]  # before it is said to be done
                self._tell(done + number * self._describer.batch)
        return vectors

    def _take_up(self) -> tuple[Basis, int] | None:
        """What an earlier process of the same request left: its basis, and how many images it did."""
        left = read_json(self._request.out / PROGRESS)
        basis = load_basis(self._request.out / BASIS)
        same = left.get("method") == self._describer.name and left.get("total") == len(self._todo)
        return (basis, int(left["done"])) if basis and same and (self._request.out / VECTORS).exists() else None

    def _start(self) -> tuple[Basis, int]:
        """The basis and room for the vectors; those of the sample are in it."""
        (self._request.out / BASIS).unlink(missing_ok=True)  # without it nothing counts as done
        self._tell(0)
        if self._plan.known:
            basis = self._plan.known.basis
            _save(self._request, _begin(self._request, self._plan, basis), basis)
            return basis, 0
        rows, features = self._describe_sample()
        basis = fit_basis(features)
        vectors = _begin(self._request, self._plan, basis)
        vectors[rows] = basis.reduce(features)
        _save(self._request, vectors, basis)
        return basis, len(self._sample)

    def _describe_sample(self) -> tuple[Rows, NDArray[np.float32]]:
        found = []
        for rows, features in self._features(self._sample):
            found.append((rows, features))
            self._tell(min(len(found) * self._describer.batch, len(self._sample)))
        if not any(len(rows) for rows, _ in found):
            message = "No thumbnail of this version can be read."
            raise InvalidDatasetError(message, hint="Import it again.", code="no_thumbnails")
        return np.concatenate([rows for rows, _ in found]), np.concatenate([features for _, features in found])

    def _features(self, rows: Rows) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
        for numbers, pixels in self._thumbnails.read(rows, self._describer.batch):
            yield numbers, self._describer.describe(pixels)

    def _tell(self, done: int) -> None:
        _tell(self._request, self._describer.name, min(done, len(self._todo)), len(self._todo))


def _begin(request: EmbeddingRequest, plan: Plan, basis: Basis) -> Vectors:
    """Room for the vectors, with those that are known."""
    shape = (len(plan.hashes), len(basis.components))
    vectors: Vectors = np.lib.format.open_memmap(request.out / VECTORS, "w+", np.float16, shape)  # type: ignore[no-untyped-call]
    if plan.known:
        for start in range(0, len(vectors), _PIECE):
            theirs = plan.known.rows[start : start + _PIECE]
            rows = np.flatnonzero(theirs >= 0)
            vectors[start + rows] = plan.known.vectors[theirs[rows]]
    return vectors


def _save(request: EmbeddingRequest, vectors: Vectors, basis: Basis) -> None:
    """The basis last: where it is, what is said to be done is."""
    vectors.flush()  # type: ignore[attr-defined]
    basis.save(request.out / BASIS)


def _repeat(vectors: Vectors, first: Rows) -> None:
    """Rows that show the image of an earlier one have its vector."""
    repeated = np.flatnonzero(first != np.arange(len(first)))
    for start in range(0, len(repeated), _PIECE):
        rows = repeated[start : start + _PIECE]
        vectors[rows] = vectors[first[rows]]
    vectors.flush()  # type: ignore[attr-defined]


def _describe(request: EmbeddingRequest, vectors: Vectors) -> dict[str, object]:
    """The map of rows spread evenly, and the outliers of all."""
    from vision.embedding.mapping import draw_map  # scikit-learn, a second to import

    outliers = [[row, round(distance, 4)] for row, distance in find_outliers(vectors, request.outliers)]
    return {"map": draw_map(request.manifest, vectors, request.map_points), "outliers": outliers}


def _facts(method: str, reason: str, vectors: Vectors) -> dict[str, object]:
    pieces = (vectors[start : start + _PIECE] for start in range(0, len(vectors), _PIECE))
    return {
        "method": method,
        "reason": reason,
        "rows": len(vectors),
        "described": sum(int(piece.any(axis=1).sum()) for piece in pieces),
        "dimensions": min(DIMENSIONS, vectors.shape[1]),
    }


def _tell(request: EmbeddingRequest, method: str, done: int, total: int, phase: str = "describing") -> None:
    write_json(request.out / PROGRESS, {"method": method, "done": done, "total": total, "phase": phase})

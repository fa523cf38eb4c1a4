"""Vectors to places on a plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

_FEWEST = 10  # for fewer, neighbourhoods say nothing
_PERPLEXITY = 30.0
_DIMENSIONS = 50  # the rest is noise to t-SNE
Places = NDArray[np.float64]


def lay_out(vectors: NDArray[np.float16]) -> tuple[str, Places]:
    """The method's name, and float64 [N, 2] in -1–1: similar rows lie close together. The same rows, the same places.

    t-SNE over the first 50 components; principal components alone for fewer than ten rows.

    Source: van der Maaten, Hinton: Visualizing Data using t-SNE, JMLR 2008; started from principal components.
    """
    values = vectors[:, :_DIMENSIONS].astype(np.float64)
    if len(values) < _FEWEST or len(np.unique(values, axis=0)) < _FEWEST:
        return "principal components", _fit(np.pad(values, ((0, 0), (0, 2)))[:, :2])
    perplexity = min(_PERPLEXITY, (len(values) - 1) / 3)
    initial = values[:, :2] / max(float(values[:, 0].std()), 1e-6) * 1e-4
    return "t-SNE", _fit(TSNE(2, init=initial, perplexity=perplexity, random_state=0, n_jobs=1).fit_transform(values))


def _fit(places: NDArray[np.floating]) -> Places:
    """Centred and scaled into the square, its sides kept in proportion."""
    places = places.astype(np.float64) - (places.max(0) + places.min(0)) / 2 if len(places) else places
    return np.asarray(places / max(float(np.abs(places).max(initial=0)), 1e-9))

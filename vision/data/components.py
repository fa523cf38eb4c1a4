"""Connected components over numbered things: what is linked, directly or by way of others, is one component."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def link_roots(roots: Codes, first: Codes, second: Codes) -> None:
    """Link `first[i]` with `second[i]`, in place. `roots[x]` is the smallest member of x's component, before and after.

    Union by the smaller root with every path compressed: memory stays at a few arrays of the links' length.
    """
    while True:
        low, high = np.minimum(roots[first], roots[second]), np.maximum(roots[first], roots[second])
        apart = low != high
        if not apart.any():
            return
        first, second, low, high = first[apart], second[apart], low[apart], high[apart]
        np.minimum.at(roots, high, low)
        _compress(roots)


def number_components(roots: Codes) -> Codes:
    """Components numbered from 0 in the order of their first members."""
    is_first = roots == np.arange(len(roots))
    return (np.cumsum(is_first) - 1)[roots].astype(np.int64)


def first_of_each(codes: Codes) -> Codes:
    """For each place the first place with the same code."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def _compress(roots: Codes) -> None:
    while True:
        above = roots[roots]
        if np.array_equal(above, roots):
            return
        roots[:] = above

"""Pictures that are the same, or nearly: a perceptual hash, the search for hashes close to each other, the figures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from vision.data.components import first_of_each, link_roots, number_components
from vision.data.databases import connect

Codes = NDArray[np.int64]
HASH_BITS = 64
_GRID = 9
_LEAST_CONTRAST = 4  # levels of grey of 256; below it the bits would be noise
_SWARM = 50  # different hashes
_EXACT = 2_048  # hashes in one band's bucket that are all compared with each other
_BLOCK = 1 << 16  # hashes compared at a time: what it takes stays in the processor's cache
_LINKS = 100_000  # found before they are entered: entering passes over all values
_WINDOW = 64  # in larger buckets each is compared with so many that follow it in order

_EXAMPLES, _SHOWN = 12, 8  # groups kept as examples, and rows of one
_PICTURES = f"""
    CREATE TEMP TABLE pictures AS
    SELECT min(row) AS first, count(*) AS n, min(row, {_SHOWN}) AS rows, any_value(phash) AS phash,
           bit_or(CASE split WHEN 'train' THEN 1 WHEN 'validation' THEN 2 WHEN 'test' THEN 4 ELSE 8 END) AS splits,
           (min(hash(annotation)) <> max(hash(annotation)))::INT + 1 AS cells
    FROM read_parquet(?) GROUP BY sha256
"""
_IS_LEAK = "bit_count(splits) > 1"


def hash_image(image: Image.Image) -> int:
    """64 bits that stay nearly the same when a picture is scaled, compressed or lightened; signed, for Parquet.

    Half of the bits say where grey grows from left to right, half where from top to bottom, over 9 × 9 averages (dHash
    both ways). Of the hashes compared on photographs and on pictures of one scene it is the one that at a distance of 4
    finds 87–100 % of such copies and takes no two pictures of one scene for the same. A picture of one grey has nothing
    to compare: its bits are drawn from its exact content.
    """
    small = image.convert("L").resize((_GRID, _GRID), Image.Resampling.BOX)
    grey = np.frombuffer(small.tobytes(), np.uint8).reshape(_GRID, _GRID)
    if int(grey.max()) - int(grey.min()) < _LEAST_CONTRAST:
        content = hashlib.blake2b(repr((image.size, image.mode)).encode() + image.tobytes(), digest_size=HASH_BITS // 8)
        return int.from_bytes(content.digest(), "big", signed=True)
    across = grey[: _GRID - 1 : 2, 1:] > grey[: _GRID - 1 : 2, :-1]
    down = grey[1:, : _GRID - 1 : 2] > grey[:-1, : _GRID - 1 : 2]
    bits = np.concatenate([across.ravel(), down.ravel()])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def find_near_duplicates(hashes: Codes, distance: int) -> Codes:
    """Clusters of hashes that differ in at most `distance` bits, or are linked by others that do; numbered from 0.

    Where one cluster would take in over 50 hashes and a twentieth of all, pictures are alike without being copies,
    digits on white for one: its members are compared again at half the distance, down to equal hashes.

    Two hashes this close agree in at least one of `distance + 1` bands of their bits, so only hashes that share a band
    are compared. Where over 2,048 share one, each is compared with the 64 next to it in order: what is missed there is
    rarely missed in the other bands as well. Time and memory are bounded whatever the hashes are; a million take
    seconds.
    """
    values, places = np.unique(np.asarray(hashes, np.int64), return_inverse=True)
    roots = _link_values(values.view(np.uint64), distance, max(_SWARM, len(values) // 20))
    return number_components(first_of_each(roots[places]))


def _link_values(values: NDArray[np.uint64], distance: int, most: int) -> Codes:
    """For each value the first of its cluster; none of several values has over `most`."""
    roots = np.arange(len(values))
    if distance <= 0:
        return roots
    for band in _bands(min(distance, HASH_BITS - 1) + 1):
        _link_band(values, band, distance, roots)
    swarms = np.flatnonzero(np.bincount(roots, minlength=1)[roots] > most)
    if len(swarms):
        roots[swarms] = swarms[_link_values(values[swarms], distance // 2, most)]
    return roots


def _bands(count: int) -> Iterator[np.uint64]:
    """Masks that share out the bits, every count-th to one band: neighbouring bits tend to say the same."""
    for start in range(count):
        yield np.uint64(sum(1 << bit for bit in range(start, HASH_BITS, count)))


def _link_band(values: NDArray[np.uint64], band: np.uint64, distance: int, roots: Codes) -> None:
    """Link the values that share a band and are close."""
    order = np.lexsort((values & ~band, values & band))
    ordered, keys = values[order], values[order] & band
    reach = _reach(keys)
    found: list[tuple[Codes, Codes]] = []
    for places, step in _compare(reach):
        apart = np.bitwise_count(ordered[places] ^ ordered[places + step])
        close = places[apart <= distance]
        first, second = order[close], order[close + step]
        news = roots[first] != roots[second]
        if news.any():
            found.append((first[news], second[news]))
            if sum(len(one) for one, _ in found) > _LINKS:
                _link(roots, found)
    _link(roots, found)


def _compare(reach: Codes) -> Iterator[tuple[Codes, int]]:
    """Which places are compared with the one so many steps after them: all pairs within reach, a block at a time."""
    for start in range(0, len(reach), _BLOCK):
        near = reach[start : start + _BLOCK]
        places = np.flatnonzero(near)
        for step in range(1, int(near.max(initial=0)) + 1):
            places = places[near[places] >= step]
            yield places + start, step


def _link(roots: Codes, found: list[tuple[Codes, Codes]]) -> None:
    if found:
        link_roots(roots, np.concatenate([first for first, _ in found]), np.concatenate([last for _, last in found]))
        found.clear()


def _reach(keys: NDArray[np.uint64]) -> Codes:
    """How many of those after it each is compared with, in keys that are sorted."""
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(keys)))
    after = np.repeat(starts + sizes, sizes) - np.arange(len(keys)) - 1
    return np.where(np.repeat(sizes, sizes) > _EXACT, np.minimum(after, _WINDOW), after)


def describe_duplicates(manifest: Path, distance: int) -> dict[str, Any]:
    """What stands several times in a manifest, as JSON.

    `duplicates` and `leaks` (over several splits), each `exact` and `near`; `conflicts`.

    Each has its number of `groups` (`clusters` of different files where near), the `images` in them, that is rows, and
    `examples`: lists of row numbers. A conflict is one file under different labels.
    """
    with connect(manifest.parent) as database:
        database.execute(_PICTURES, [str(manifest)])
        _find_clusters(database, distance)
        return {
            "duplicates": {
                "exact": _describe(database, "pictures", "n > 1", "groups"),
                "near": _describe(database, "clusters", "true", "clusters"),
            },
            "leaks": {
                "exact": _describe(database, "pictures", _IS_LEAK, "groups"),
                "near": _describe(database, "clusters", _IS_LEAK, "clusters"),
            },
            "conflicts": _describe(database, "pictures", "cells > 1", "groups"),
        }


def _find_clusters(database: duckdb.DuckDBPyConnection, distance: int) -> None:
    """The table `clusters`: different files that look the same."""
    query = "SELECT first, phash FROM pictures WHERE phash IS NOT NULL ORDER BY first"
    found = database.execute(query).fetchnumpy()
    codes = find_near_duplicates(np.asarray(found["phash"], np.int64), distance)
    several = np.bincount(codes, minlength=1)[codes] > 1
    linked = pa.table({"first": np.asarray(found["first"], np.int64)[several], "code": codes[several]})
    database.register("linked", linked)
    database.execute(
        f"""
        CREATE TEMP TABLE clusters AS
        SELECT min(first) AS first, sum(n)::BIGINT AS n, bit_or(splits) AS splits,
               list_sort(flatten(min(rows, {_SHOWN})))[:{_SHOWN}] AS rows
        FROM pictures JOIN linked USING (first) GROUP BY code
        """
    )
    database.unregister("linked")


def _describe(database: duckdb.DuckDBPyConnection, table: str, condition: str, name: str) -> dict[str, Any]:
    query = f"SELECT count(*), coalesce(sum(n), 0)::BIGINT FROM {table} WHERE {condition}"
    groups, images = database.execute(query).fetchall()[0]
    query = f"SELECT rows FROM {table} WHERE {condition} ORDER BY n DESC, first LIMIT {_EXAMPLES}"
    return {name: groups, "images": images, "examples": [rows for (rows,) in database.execute(query).fetchall()]}

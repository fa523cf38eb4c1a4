"""Dividing rows into splits so that every class is in each by its share and rows that belong together stay together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.data.components import first_of_each, link_roots, number_components

Codes = NDArray[np.int64]
_SCALE = 1_000_000  # shares are counted in millionths: whole numbers are the same on every machine
_BATCH = 1 << 14  # units whose labels are Python lists at a time


def split_indices(labels: Sequence[str], fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices of the rows that stay and of those set aside, both ascending.

    Stratified: each class gives `fraction` of its rows, at least one where it has two, and always keeps one.
    The same labels, fraction (0–1, both excluded) and seed give the same answer on every machine.

    Raises:
        ValueError: a fraction outside 0–1.
    """
    return split_rows([(label,) for label in labels], fraction, seed)


def split_rows(
    label_sets: Sequence[Sequence[str]], fraction: float, seed: int, groups: Sequence[int] | Codes | None = None
) -> tuple[list[int], list[int]]:
    """As `split_indices`, of rows with several labels each; rows of one group go together.

    Raises:
        ValueError: a fraction outside 0–1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1, got {fraction}")
    splits = assign_splits(label_sets, {"kept": 1 - fraction, "aside": fraction}, seed, groups)
    kept = [index for index, split in enumerate(splits) if split == "kept"]
    return kept, [index for index, split in enumerate(splits) if split == "aside"]


def assign_splits(
    label_sets: Sequence[Sequence[str]],
    fractions: Mapping[str, float],
    seed: int,
    groups: Sequence[int] | Codes | None = None,
) -> list[str]:
    """The split of each row. `fractions` are the shares of all rows and add up to 1; `groups` are codes, one a row.

    The rarest label's rows are dealt first, each to the split that lacks most of that label, so that every label comes
    out by the shares; rows without a label count as one class of their own. A label is in every split if it has that
    many rows (groups, where given), else in the larger ones. All rows of a group go to one split. The same arguments
    give the same answer on every machine.

    Raises:
        ValueError: shares that are negative or do not add up to 1.

    Source: Sechidis, Tsoumakas, Vlahavas: On the Stratification of Multi-Label Data, ECML PKDD 2011, algorithm 1;
    whole units before fractions of one, so that the splits' sizes come out right as well.
    """
    names, weights = _read_shares(fractions)
    if not len(label_sets):
        return []
    units = _build_units(label_sets, seed, groups)
    deal = _Deal(units, weights)
    deal.run()
    deal.repair()
    return [names[split] for split in deal.split_of[units.of_row].tolist()]


def merge_groups(*groupings: Sequence[int] | Codes) -> Codes:
    """The finest grouping in which rows that share a code in any of the given ones share a code; numbered from 0."""
    roots = np.arange(len(groupings[0]) if groupings else 0)
    rows = np.arange(len(roots))
    for grouping in groupings:
        link_roots(roots, rows, first_of_each(np.asarray(grouping)))
    return number_components(roots)


@dataclass(frozen=True)
class _Units:
    """What is dealt: groups, or single rows. Their labels as counts of rows, flat: `labels[start[u]:start[u + 1]]`."""

    of_row: Codes
    rank: Codes  # the order in which units are dealt
    size: Codes  # in rows
    start: Codes
    labels: Codes
    counts: Codes
    label_count: int

    def __len__(self) -> int:
        return len(self.size)


def _build_units(label_sets: Sequence[Sequence[str]], seed: int, groups: Sequence[int] | Codes | None) -> _Units:
    rows, codes, label_count = _encode(label_sets)
    count = len(label_sets)
    of_row = np.arange(count) if groups is None else number_components(first_of_each(np.asarray(groups)))
    size = np.bincount(of_row)
    rows, codes = np.divmod(np.unique(rows * label_count + codes), label_count)  # each label once a row
    pairs, counts = np.unique(of_row[rows] * label_count + codes, return_counts=True)
    start = np.searchsorted(pairs, np.arange(len(size) + 1) * label_count)
    first_rows = np.unique(of_row, return_index=True)[1]
    order = np.lexsort((_shuffle_keys(first_rows, seed), -size))  # large ones first: they are hardest to place
    rank = np.empty(len(size), np.int64)
    rank[order] = np.arange(len(size))
    return _Units(of_row, rank, size, start, pairs % label_count, counts.astype(np.int64), label_count)


def _encode(label_sets: Sequence[Sequence[str]]) -> tuple[Codes, Codes, int]:
    """Row and label code of every label of every row, and the number of codes; 0 stands for no label at all."""
    names = sorted({label for labels in label_sets for label in labels})
    code_of = {name: code for code, name in enumerate(names, 1)}
    lengths = np.fromiter((max(1, len(labels)) for labels in label_sets), np.int64, len(label_sets))
    flat = (code for labels in label_sets for code in ([code_of[label] for label in labels] or (0,)))
    codes = np.fromiter(flat, np.int64, int(lengths.sum()))
    rows = np.repeat(np.arange(len(label_sets)), lengths)
    return rows, codes, len(names) + 1


def _shuffle_keys(numbers: Codes, seed: int) -> NDArray[np.uint64]:
    """A random number for each, by splitmix64: unlike numpy's generators it can never change."""
    with np.errstate(over="ignore"):
        mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed += np.uint64(seed & (2**64 - 1)) * np.uint64(0xD1342543DE82EF95)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return mixed ^ (mixed >> np.uint64(31))


def _read_shares(fractions: Mapping[str, float]) -> tuple[list[str], list[int]]:
    """Splits with a share, the largest first, and their shares in millionths."""
    if any(not 0 <= share <= 1 for share in fractions.values()) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f"shares must lie between 0 and 1 and add up to 1, got {dict(fractions)}")
    names = sorted((name for name, share in fractions.items() if share), key=lambda name: -fractions[name])
    weights = [max(1, round(fractions[name] * _SCALE)) for name in names]
    weights[0] += _SCALE - sum(weights)
    return names, weights


class _Deal:
    """Units on their way into splits. What a split lacks is counted in millionths of rows."""

    def __init__(self, units: _Units, weights: list[int]) -> None:
        self._units = units
        self._weights = weights
        self._splits = range(len(weights))
        self.split_of = np.full(len(units), -1, np.int64)
        unit_of = np.repeat(np.arange(len(units)), np.diff(units.start))
        order = np.lexsort((units.rank[unit_of], units.labels))
        self._units_by_label = unit_of[order]
        self._units_with = np.bincount(units.labels, minlength=units.label_count)
        self._ends = np.concatenate([[0], np.cumsum(self._units_with)])
        rows_with = np.zeros(units.label_count, np.int64)
        np.add.at(rows_with, units.labels, units.counts)
        self._lacking = self._share_out(rows_with)
        self._got = [0] * len(weights)  # rows

    def _share_out(self, rows_with: Codes) -> list[list[int]]:
        """What each split is to get of each label: its share, but at least one row where there are enough."""
        lacking = rows_with[None, :] * np.array(self._weights, np.int64)[:, None]
        for split in self._splits[1:]:
            short = np.where(self._units_with > split, np.maximum(0, _SCALE - lacking[split]), 0)
            lacking[split] += short
            lacking[0] -= short
        return [wanted.tolist() for wanted in lacking]  # type: ignore[no-any-return]

    def run(self) -> None:
        """Deal all units: those of the label fewest of whose units are left, then the next."""
        left = self._units_with.copy()
        never = np.iinfo(np.int64).max
        while True:
            label = int(np.argmin(np.where(left > 0, left, never)))
            if not left[label]:
                return
            units = self._with_label(label)
            units = units[self.split_of[units] < 0]
            self._deal(label, units)
            left -= np.bincount(self._labels_of(units), minlength=len(left))

    def _deal(self, label: int, units: Codes) -> None:
        got, weights = self._got, self._weights

        def urgency(split: int) -> tuple[int, bool, float]:
            lacking = self._lacking[split][label]
            return lacking // _SCALE, lacking % _SCALE > 0, -got[split] / weights[split]

        for unit, size, labels, counts in self._describe(units):
            best = max(self._splits, key=urgency)
            self.split_of[unit] = best
            got[best] += size
            mine = self._lacking[best]
            for one, count in zip(labels, counts, strict=True):
                mine[one] -= count * _SCALE

    def repair(self) -> None:
        """Give splits a unit of a label they should have and were dealt none of, where no other split goes without."""
        units = self._units
        owner = np.repeat(self.split_of, np.diff(units.start))
        shape = (len(self._weights), units.label_count)
        have = np.bincount(owner * units.label_count + units.labels, minlength=shape[0] * shape[1]).reshape(shape)
        for split in self._splits:
            for label in np.flatnonzero((have[split] == 0) & (self._units_with > split)).tolist():
                self._move_one(label, split, have)

    def _move_one(self, label: int, split: int, have: Codes) -> None:
        for unit, _, labels, _ in self._describe(self._with_label(label)[::-1]):  # small ones first
            donor = self.split_of[unit]
            if (have[donor, labels] > 1).all():
                self.split_of[unit] = split
                have[donor, labels] -= 1
                have[split, labels] += 1
                return

    def _with_label(self, label: int) -> Codes:
        return self._units_by_label[self._ends[label] : self._ends[label + 1]]

    def _describe(self, units: Codes) -> Iterator[tuple[int, int, list[int], list[int]]]:
        """Number, size, labels and their counts of each unit."""
        for begin in range(0, len(units), _BATCH):
            batch = units[begin : begin + _BATCH]
            labels, counts = self._labels_of(batch).tolist(), self._units.counts[self._places_of(batch)].tolist()
            ends = np.cumsum(self._units.start[batch + 1] - self._units.start[batch]).tolist()
            sizes = self._units.size[batch].tolist()
            for unit, size, start, end in zip(batch.tolist(), sizes, [0, *ends[:-1]], ends, strict=True):
                yield unit, size, labels[start:end], counts[start:end]

    def _labels_of(self, units: Codes) -> Codes:
        return self._units.labels[self._places_of(units)]

    def _places_of(self, units: Codes) -> Codes:
        """Where the labels of these units stand, one after the other."""
        starts, ends = self._units.start[units], self._units.start[units + 1]
        lengths = ends - starts
        before = np.cumsum(lengths) - lengths
        return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))

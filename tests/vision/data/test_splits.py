from __future__ import annotations

from collections import Counter

import pytest

from vision.data.splits import split_indices


def test_every_class_is_in_both_parts():
    labels = ["a"] * 50 + ["b"] * 10 + ["c"] * 2
    kept, aside = split_indices(labels, 0.2, 7)
    assert Counter(labels[index] for index in aside) == {"a": 10, "b": 2, "c": 1}
    assert sorted(kept + aside) == list(range(62))


def test_single_row_of_a_class_stays():
    kept, aside = split_indices(["a", "b", "b"], 0.5, 1)
    assert 0 in kept
    assert len(aside) == 1


def test_same_seed_gives_the_same_split():
    labels = [str(number % 3) for number in range(90)]
    assert split_indices(labels, 0.2, 5) == split_indices(labels, 0.2, 5)
    assert split_indices(labels, 0.2, 5) != split_indices(labels, 0.2, 6)


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_something_always_stays(fraction):
    kept, aside = split_indices(["a"] * 10, fraction, 0)
    assert kept
    assert aside


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5])
def test_fraction_outside_is_refused(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_indices(["a"], fraction, 0)

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter

import numpy as np
import pytest

from vision.data.splits import assign_splits, merge_groups, split_indices


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


SHARES = {"train": 0.7, "validation": 0.2, "test": 0.1}


def count(splits, labels=None, label=None):
    return Counter(split for index, split in enumerate(splits) if label is None or label in labels[index])


def random_sets(generator, rows, labels, most=4):
    """Label sets of unequal frequency; some rows have none."""
    return [
        sorted(
            {f"c{min(labels - 1, int(generator.expovariate(4 / labels)))}" for _ in range(generator.randrange(most))}
        )
        for _ in range(rows)
    ]


def test_single_label_classes_come_out_to_the_row():
    labels = [(f"c{number % 7}",) for number in range(700)]
    splits = assign_splits(labels, SHARES, 1)
    for label in {name for (name,) in labels}:
        assert count(splits, labels, label) == {"train": 70, "validation": 20, "test": 10}


def test_many_small_classes_still_give_splits_of_the_right_size():
    labels = [(f"c{number // 13}",) for number in range(13_000)]  # 9.1, 2.6 and 1.3 rows of each class
    splits = assign_splits(labels, SHARES, 1)
    assert count(splits) == {"train": 9_100, "validation": 2_600, "test": 1_300}
    for start in range(0, 13_000, 13):
        found = count(splits[start : start + 13])
        assert (found["train"], found["validation"], found["test"]) in {(9, 3, 1), (9, 2, 2), (10, 2, 1)}


@pytest.mark.parametrize("seed", range(4))
def test_each_label_of_label_sets_comes_out_by_its_share(seed):
    labels = random_sets(random.Random(seed), 3_000, 30)
    splits = assign_splits(labels, SHARES, seed)
    for label in {name for names in labels for name in names}:
        found = count(splits, labels, label)
        total = sum(found.values())
        for split, share in SHARES.items():
            assert abs(found[split] - share * total) <= max(2.5, 0.02 * total), (label, split, found)
    for split, share in SHARES.items():
        assert count(splits)[split] == pytest.approx(share * 3_000, abs=60)


def test_rows_without_a_label_are_shared_out_too():
    labels = [["a"]] * 100 + [[]] * 100
    splits = assign_splits(labels, SHARES, 1)
    assert count(splits[100:]) == {"train": 70, "validation": 20, "test": 10}


@pytest.mark.parametrize(("rows", "expected"), [(1, {"train"}), (2, {"train", "validation"}), (3, set(SHARES))])
def test_label_with_few_rows_is_in_the_larger_splits(rows, expected):
    labels = [["common"]] * 100 + [["rare"]] * rows
    assert set(assign_splits(labels, SHARES, 5)[100:]) == expected


def test_label_that_rarer_ones_used_up_still_reaches_every_split():
    # Every row of "b" has a label of its own: those are dealt first and all go to the largest split
    labels = [[f"only{number}", "b"] for number in range(12)]
    assert set(assign_splits(labels, SHARES, 2)) == set(SHARES)


@pytest.mark.parametrize("seed", range(6))
def test_groups_stay_whole_and_labels_reach_every_split(seed):
    generator = random.Random(seed)
    labels = random_sets(generator, 1_200, 12)
    groups = [generator.randrange(150) for _ in labels]
    splits = assign_splits(labels, SHARES, seed, groups)
    of_group: dict = {}
    for group, split in zip(groups, splits, strict=True):
        of_group.setdefault(group, set()).add(split)
    assert all(len(found) == 1 for found in of_group.values())
    for label in {name for names in labels for name in names}:
        groups_with = {group for group, names in zip(groups, labels, strict=True) if label in names}
        if len(groups_with) >= 10:
            assert set(count(splits, labels, label)) == set(SHARES)
    for split, share in SHARES.items():
        assert count(splits)[split] == pytest.approx(share * 1_200, abs=40)


def test_two_large_groups_go_to_two_splits():
    splits = assign_splits([["a"]] * 200, {"train": 0.9, "validation": 0.1}, 0, [0] * 100 + [1] * 100)
    assert len({*splits[:100]}) == len({*splits[100:]}) == 1
    assert set(splits) == {"train", "validation"}


def test_one_group_of_all_rows_goes_to_the_largest_split():
    assert set(assign_splits([["a"]] * 50, SHARES, 0, [7] * 50)) == {"train"}


def test_assignment_is_the_same_on_every_machine():
    labels = random_sets(random.Random(0), 400, 9)
    groups = [number // 3 for number in range(400)]
    splits = assign_splits(labels, SHARES, 11, groups)
    assert splits == assign_splits([list(reversed(names)) for names in labels], SHARES, 11, [-9 * g for g in groups])
    assert splits != assign_splits(labels, SHARES, 12, groups)
    assert hashlib.sha256(" ".join(splits).encode()).hexdigest()[:16] == "591a3e7656de3eaf"


def test_share_of_nothing_gets_nothing():
    splits = assign_splits([["a"]] * 10, {"train": 0.5, "validation": 0.5, "test": 0.0}, 0)
    assert count(splits) == {"train": 5, "validation": 5}


def test_no_rows_no_splits():
    assert assign_splits([], SHARES, 0) == []


@pytest.mark.parametrize("shares", [{"train": 0.5}, {"train": 1.2, "test": -0.2}, {"train": 0.9, "test": 0.2}])
def test_shares_that_do_not_add_up_are_refused(shares):
    with pytest.raises(ValueError, match="add up to 1"):
        assign_splits([["a"]], shares, 0)


@pytest.mark.heavy
def test_a_hundred_thousand_rows_take_seconds():
    generator = random.Random(3)
    labels = random_sets(generator, 100_000, 80)
    started = time.process_time()
    assign_splits(labels, SHARES, 0)
    assert time.process_time() - started < 8  # about 1


def test_merged_groups_join_what_either_joins():
    assert merge_groups([0, 0, 1, 2, 3, 4], [5, 6, 6, 7, 8, 8]).tolist() == [0, 0, 0, 1, 2, 2]
    assert merge_groups(np.array([4, 4, 9])).tolist() == [0, 0, 1]
    assert merge_groups().tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_merged_groups_agree_with_a_walk_over_the_links(seed):
    generator = random.Random(seed)
    first = [generator.randrange(60) for _ in range(100)]
    second = [generator.randrange(60) for _ in range(100)]
    merged = merge_groups(first, second).tolist()
    reached, waiting = {0}, [0]
    while waiting:
        row = waiting.pop()
        linked = {n for n in range(100) if first[n] == first[row] or second[n] == second[row]} - reached
        reached |= linked
        waiting += linked
    assert {row for row in range(100) if merged[row] == merged[0]} == reached


def test_a_long_chain_is_one_group():
    count = 20_000
    first, second = np.arange(count) // 2, (np.arange(count) + 1) // 2
    order = np.random.default_rng(0).permutation(count)
    assert set(merge_groups(first[order], second[order]).tolist()) == {0}

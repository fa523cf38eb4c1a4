from __future__ import annotations

import io
import random
import time

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.vision.data.manifests import manifest, row
from vision.data.duplicates import describe_duplicates, find_near_duplicates, hash_image
from vision.data.images import shrink_image

LOWEST, HIGHEST = -(2**63), 2**63 - 1


def photo(seed: int, side: int = 256) -> Image.Image:
    """A smooth picture with as much structure as a photograph."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(20, 236, (7, 7, 3), dtype=np.uint8))
    fine = generator.normal(0, 6, (side, side, 3))
    pixels = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)).astype(float) + fine
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def recompress(image: Image.Image, form: str, quality: int) -> Image.Image:
    target = io.BytesIO()
    image.save(target, form, quality=quality)
    return Image.open(target).convert("RGB")


CHANGES = {
    "half the size": lambda image: image.resize((128, 128)),
    "another shape": lambda image: image.resize((256, 200)),
    "jpeg": lambda image: recompress(image, "JPEG", 30),
    "webp": lambda image: recompress(image, "WEBP", 40),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.75),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.1),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


def distance(first: Image.Image, second: Image.Image) -> int:
    return ((hash_image(first) ^ hash_image(second)) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_have_a_hash_close_by(change):
    distances = [distance(photo(seed), CHANGES[change](photo(seed))) for seed in range(20)]
    assert sum(found <= 4 for found in distances) >= 18


def test_different_pictures_have_hashes_far_apart():
    hashes = np.array([hash_image(photo(seed, 64)) for seed in range(120)])
    assert len(set(find_near_duplicates(hashes, 6).tolist())) == 120


def test_hash_fits_a_signed_column_and_never_changes():
    hashes = [hash_image(photo(seed, 32)) for seed in range(40)]
    assert min(hashes) < 0 < max(hashes)
    assert all(LOWEST <= value <= HIGHEST for value in hashes)
    ramp = Image.fromarray(np.add.outer(np.arange(90), np.arange(90)).astype(np.uint8))
    assert hash_image(ramp) == -1
    assert hash_image(ramp.transpose(Image.Transpose.ROTATE_180)) == 0


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "CMYK"])
def test_any_mode_and_size_has_a_hash(mode):
    assert LOWEST <= hash_image(Image.new(mode, (1, 1))) <= HIGHEST
    assert LOWEST <= hash_image(Image.new(mode, (3, 250))) <= HIGHEST


def test_blank_pictures_are_the_same_only_if_they_are_equal():
    black, white = Image.new("RGB", (64, 64)), Image.new("RGB", (64, 64), "white")
    assert hash_image(black) == hash_image(black.copy())
    assert distance(black, white) > 8
    assert distance(black, Image.new("RGB", (64, 65))) > 8


def test_hashing_a_thumbnail_is_cheap():
    small = shrink_image(photo(1, 512))
    started = time.process_time()
    for _ in range(200):
        hash_image(small)
    assert (time.process_time() - started) / 200 < 0.002  # about 0.0001


def naive_clusters(hashes, most) -> list[int]:
    codes = list(range(len(hashes)))
    for first, one in enumerate(hashes):
        for second in range(first):
            if (int(one ^ hashes[second]) & (2**64 - 1)).bit_count() <= most and codes[first] != codes[second]:
                old, new = max(codes[first], codes[second]), min(codes[first], codes[second])
                codes = [new if code == old else code for code in codes]
    names = {code: number for number, code in enumerate(dict.fromkeys(codes))}
    return [names[code] for code in codes]


@pytest.mark.parametrize("most", [0, 1, 4, 7, 16])
@pytest.mark.parametrize("seed", range(3))
def test_clusters_agree_with_comparing_all(seed, most):
    generator = random.Random(seed)
    hashes = [generator.getrandbits(64) for _ in range(40)]
    while len(hashes) < 110:  # copies of copies, some bits further on
        flipped = sum(1 << bit for bit in generator.sample(range(64), generator.randrange(most + 3)))
        hashes.append(generator.choice(hashes) ^ flipped)
    generator.shuffle(hashes)
    signed = np.array(hashes, np.uint64).view(np.int64)
    assert find_near_duplicates(signed, most).tolist() == naive_clusters(signed.tolist(), most)


def test_no_hashes_no_clusters():
    assert find_near_duplicates(np.zeros(0, np.int64), 4).tolist() == []
    assert find_near_duplicates(np.array([LOWEST, HIGHEST, LOWEST]), 4).tolist() == [0, 1, 0]


def alike(count: int) -> np.ndarray:
    """Many hashes that differ in a few of the same bits: a swarm, all of it linked by way of others."""
    return np.arange(count, dtype=np.int64) << 20


@pytest.mark.heavy
@pytest.mark.parametrize(
    "hashes",
    [
        np.zeros(100_000, np.int64),
        np.full(100_000, LOWEST),
        np.arange(100_000, dtype=np.int64),
        alike(100_000),
        np.arange(100_000, dtype=np.int64) * 0x10001,
    ],
    ids=["equal", "one bit", "counting", "in one band", "two counters"],
)
def test_hostile_hashes_take_bounded_time(hashes):
    started = time.process_time()
    codes = find_near_duplicates(hashes, 4)
    assert time.process_time() - started < 10  # a second at most
    assert len(codes) == len(hashes)
    assert np.array_equal(find_near_duplicates(hashes[:1000], 0), np.unique(hashes[:1000], return_inverse=True)[1])


def test_pictures_that_are_all_alike_do_not_become_one_cluster():
    generator = np.random.default_rng(0)
    strokes = (generator.random((2_000, 64)) < 0.03).astype(np.uint8)  # two bits of 64 set: all within 8 or so
    hashes = np.unique(np.packbits(strokes, axis=1).view(np.int64))
    sizes = np.bincount(find_near_duplicates(hashes, 8))
    assert sizes.max() <= len(hashes) // 20  # linked by way of others they would all be one
    assert np.bincount(find_near_duplicates(hashes[:50], 8)).max() == 50


def test_copies_in_a_set_of_others_stay_clusters_however_many():
    originals = np.random.default_rng(1).integers(LOWEST, HIGHEST, 50)
    copies = np.concatenate([originals ^ (1 << bit) for bit in range(0, 60, 2)])
    assert find_near_duplicates(copies, 4).tolist() == list(range(50)) * 30


@pytest.fixture
def described(tmp_path):
    def describe(*rows, most=4):
        return describe_duplicates(manifest(tmp_path / "m.parquet", rows), most)

    return describe


FAR = 0x0F0F_0F0F_0F0F_0F0F


def test_exact_copies_are_counted_by_file(described):
    same = {"sha256": "a" * 64, "phash": 0}
    figures = described(row(0, "x", **same), row(1, "y", phash=FAR), row(2, "x", **same), row(3, "x", **same))
    assert figures["duplicates"]["exact"] == {"groups": 1, "images": 3, "examples": [[0, 2, 3]]}
    assert figures["duplicates"]["near"] == {"clusters": 0, "images": 0, "examples": []}
    assert figures["leaks"]["exact"]["groups"] == figures["conflicts"]["groups"] == 0


def test_near_copies_are_clusters_of_different_files(described):
    figures = described(row(0, "x", phash=0), row(1, "y", phash=FAR), row(2, "x", phash=3), row(3, "x", phash=-1))
    assert figures["duplicates"]["near"] == {"clusters": 1, "images": 2, "examples": [[0, 2]]}
    assert figures["duplicates"]["exact"]["groups"] == 0


def test_copies_over_splits_are_leaks(described):
    same = {"sha256": "a" * 64, "phash": FAR}
    figures = described(
        row(0, "x", "train", phash=0),
        row(1, "x", "validation", phash=1),
        row(2, "x", "train", **same),
        row(3, "x", "test", **same),
    )
    assert figures["leaks"]["exact"] == {"groups": 1, "images": 2, "examples": [[2, 3]]}
    assert figures["leaks"]["near"] == {"clusters": 1, "images": 2, "examples": [[0, 1]]}


def test_one_file_under_two_labels_is_a_conflict(described):
    same = {"sha256": "a" * 64}
    figures = described(row(0, "x", **same), row(1, "y", **same), row(2, "x"))
    assert figures["conflicts"] == {"groups": 1, "images": 2, "examples": [[0, 1]]}


def test_large_groups_are_shown_in_part_and_first(described):
    many = [row(number, "x", sha256="b" * 64, phash=FAR) for number in range(40)]
    pairs = [row(100 + number, "x", sha256=f"{number // 2:064x}", phash=number // 2 << 40) for number in range(60)]
    exact = described(*pairs, *many)["duplicates"]["exact"]
    assert (exact["groups"], exact["images"]) == (31, 100)
    assert exact["examples"][:2] == [list(range(8)), [100, 101]]
    assert len(exact["examples"]) == 12


def test_rows_without_a_hash_are_near_to_nothing(described):
    figures = described(row(0, "x", phash=None), row(1, "x", phash=None))
    assert figures["duplicates"]["near"]["clusters"] == 0

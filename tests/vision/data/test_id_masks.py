from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vision.data.id_masks import list_ids, measure_scatter, read_id_mask, split_instances, write_id_mask
from vision.data.masks import InvalidMaskError

IDS = np.array([[0, 1, 1, 0], [0, 0, 2, 2], [3, 0, 0, 0]])


def save(path, pixels, mode=None):
    Image.fromarray(pixels, mode).save(path)
    return path


def test_grey_of_8_and_16_bits(tmp_path):
    assert np.array_equal(read_id_mask(save(tmp_path / "a.png", IDS.astype(np.uint8))).ids, IDS)
    large = (IDS * 20_000).astype(np.uint16)
    write_id_mask(large, tmp_path / "sub" / "b.png")
    mask = read_id_mask(tmp_path / "sub" / "b.png")
    assert np.array_equal(mask.ids, large)
    assert (list_ids(mask), mask.width, mask.height) == ([20_000, 40_000, 60_000], 4, 3)


def test_one_bit(tmp_path):
    Image.fromarray((IDS > 0).astype(np.uint8) * 255).convert("1").save(tmp_path / "a.png")
    assert list_ids(read_id_mask(tmp_path / "a.png")) == [1]


def make_palette(path, pixels):
    image = Image.fromarray(pixels.astype(np.uint8)).convert("L")
    image.putpalette([value for index in range(256) for value in (255 - index, index, 7)])
    image.save(path)
    return path


def test_a_palette_gives_its_indices_and_its_border_nothing(tmp_path):
    with_border = np.where(IDS == 3, 255, IDS)
    assert list_ids(read_id_mask(make_palette(tmp_path / "a.png", with_border))) == [1, 2]
    assert list_ids(read_id_mask(make_palette(tmp_path / "b.png", np.where(IDS > 0, 255, 0)))) == [255]


def test_colours_are_numbers_and_grey_as_colour_is_grey(tmp_path):
    colours = np.zeros((3, 4, 3), np.uint8)
    colours[0, 0] = (255, 0, 0)
    colours[1, 1] = (4, 3, 2)
    assert list_ids(read_id_mask(save(tmp_path / "a.png", colours))) == [255, 4 + 256 * 3 + 65536 * 2]
    grey = save(tmp_path / "b.png", np.repeat(IDS[..., None], 3, axis=2).astype(np.uint8))
    assert list_ids(read_id_mask(grey)) == [1, 2, 3]
    assert list_ids(read_id_mask(grey, is_panoptic=True)) == [0x10101, 0x20202, 0x30303]


def test_instances_are_cut_out(tmp_path):
    mask = read_id_mask(save(tmp_path / "a.png", IDS.astype(np.uint8)))
    parts = list(split_instances(mask, [1, 3, 99]))
    assert [(part.id, part.left, part.top, part.mask.tolist()) for part in parts] == [
        (1, 1, 0, [[1, 1]]),
        (3, 0, 2, [[1]]),
    ]
    assert list(split_instances(mask, [])) == []


def test_scatter_tells_instances_from_photos(tmp_path):
    photo = np.random.default_rng(0).integers(0, 255, (60, 60)).astype(np.uint8)
    assert measure_scatter(read_id_mask(save(tmp_path / "photo.png", photo))) > 50
    assert measure_scatter(read_id_mask(save(tmp_path / "mask.png", IDS.astype(np.uint8)))) < 1


def test_formats_that_lose_values_and_files_that_are_no_pictures_are_refused(tmp_path):
    with pytest.raises(InvalidMaskError, match="jpeg has lost its values"):
        read_id_mask(save(tmp_path / "a.jpg", IDS.astype(np.uint8)))
    (tmp_path / "b.png").write_bytes(b"<html>")
    with pytest.raises(InvalidMaskError, match="HTML"):
        read_id_mask(tmp_path / "b.png")
    whole = save(tmp_path / "c.png", np.random.default_rng(0).integers(0, 255, (90, 90)).astype(np.uint8)).read_bytes()
    (tmp_path / "c.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidMaskError, match="damaged"):
        read_id_mask(tmp_path / "c.png")
    with pytest.raises(InvalidMaskError):
        read_id_mask(tmp_path / "missing.png")


@pytest.mark.heavy
def test_scattered_values_all_over_a_picture_are_refused(tmp_path):
    ids = np.random.default_rng(0).integers(0, 20_000, (600, 600)).astype(np.uint16)
    mask = read_id_mask(save(tmp_path / "a.png", ids))
    with pytest.raises(InvalidMaskError, match="these are no instances"):
        list(split_instances(mask, list_ids(mask)))

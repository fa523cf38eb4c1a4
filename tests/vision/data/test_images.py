"""Opening images from strangers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vision.data import images
from vision.data.images import make_thumbnail, open_image, probe_image, to_webp
from vision.errors import InvalidImageError


def encode(image: Image.Image, image_format: str, **options) -> bytes:
    target = io.BytesIO()
    image.save(target, image_format, **options)
    return target.getvalue()


@pytest.fixture
def wide() -> Image.Image:
    return Image.new("RGB", (40, 20), (10, 200, 30))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_formats_open_from_bytes_and_path(wide, image_format, tmp_path):
    data = encode(wide, image_format)
    path = tmp_path / "x.jpg"  # the name says nothing
    path.write_bytes(data)
    assert probe_image(data) == probe_image(path)
    assert probe_image(data).format == image_format.lower()
    assert open_image(data).size == open_image(path).size == (40, 20)
    assert open_image(data).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected(orientation):
    turned = Image.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[0x0112] = orientation
    data = encode(turned, "JPEG", exif=exif)
    size = (20, 40) if orientation >= 5 else (40, 20)
    assert open_image(data).size == size
    assert (probe_image(data).width, probe_image(data).height) == size


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_modes_become_rgb(mode):
    source = Image.new("L", (8, 8), 255)
    image = Image.fromarray(np.full((8, 8), 65535, np.uint16)) if mode == "I;16" else source.convert(mode)
    assert open_image(encode(image, "TIFF" if mode == "CMYK" else "PNG")).getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    opened = np.asarray(open_image(encode(Image.fromarray(values), "PNG")))[..., 0]
    assert len(np.unique(opened)) > 50


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "SVG"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x00\x00\x18ftypheic", "HEIC"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"nonsense", "not an image"),
    ],
)
def test_what_is_no_image_is_named(data, word):
    with pytest.raises(InvalidImageError, match=word):
        open_image(data)


def test_cut_image_is_damaged(wide):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    with pytest.raises(InvalidImageError) as caught:
        open_image(encode(noise, "JPEG")[:-800])
    assert caught.value.code == "damaged_image"


def test_too_many_pixels_are_refused_from_the_header(wide, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 799)
    with pytest.raises(InvalidImageError) as caught:
        probe_image(encode(wide, "PNG"))
    assert caught.value.code == "image_too_large"


def test_pixel_bomb_is_refused():
    data = bytearray(encode(Image.new("L", (8, 8)), "PNG"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(InvalidImageError):
        probe_image(bytes(data))


def test_missing_file_is_not_an_invalid_image(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "none.jpg")


def test_thumbnail_is_a_small_webp():
    data = make_thumbnail(Image.new("RGB", (1000, 500)), side=256)
    facts = probe_image(data)
    assert (facts.format, facts.width, facts.height) == ("webp", 256, 128)


def test_thumbnail_never_grows():
    assert probe_image(make_thumbnail(Image.new("RGB", (30, 20)))).width == 30


def test_tiff_becomes_a_webp(wide):
    assert probe_image(to_webp(encode(wide, "TIFF"))).content_type == "image/webp"

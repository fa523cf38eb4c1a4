"""Opening image files that nobody has vouched for."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vision.data.jpeg_scans import count_scans
from vision.data.limits import MOST_PIXELS
from vision.errors import InvalidImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = MOST_PIXELS
"""A decoded image takes three bytes a pixel: 300 MB at most."""
_MOST_SCANS = 100
"""Of a JPEG: a progressive one has about ten, and each is a pass over the whole picture."""
THUMBNAIL_SIDE = 256
_FIRST_TURNED = 5  # EXIF orientations from 5 on swap width and height
_HINT = f"Use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}."
_NOT_IMAGES = [  # what arrives under an image's name most often
    (b"<svg", "an SVG drawing"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b"%pdf", "a PDF"),
    (b"ftypheic", "a HEIC photo"),
    (b"ftypavif", "an AVIF image"),
    (b"pk\x03\x04", "a zip archive"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
]


@dataclass(frozen=True)
class ImageFacts:
    """What an image is: `format` in lower case ("jpeg"), `width` and `height` in px after EXIF `orientation` (1–8)."""

    format: str
    width: int
    height: int
    orientation: int = 1

    @property
    def content_type(self) -> str:
        return f"image/{self.format}"


def open_image(source: bytes | Path) -> Image.Image:
    """The image fully decoded, RGB, upright by its EXIF orientation. First frame of an animation.

    Raises:
        InvalidImageError: not an image we open, damaged, over `MAX_PIXELS`, or made to take hours.
        FileNotFoundError: no such file.
    """
    with _open(source) as image:
        _refuse_many_scans(image)
        try:
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _to_rgb(image)
        except Image.DecompressionBombError as error:
            raise _too_large() from error
        except Exception as error:  # Pillow's decoders raise whatever their format makes them raise
            raise InvalidImageError(
                f"The image is damaged: {error}.", hint="Save it again from its source.", code="damaged_image"
            ) from error


def probe_image(source: bytes | Path) -> ImageFacts:
    """Format and upright size from the header alone.

    Raises:
        InvalidImageError: not an image we open, or over `MAX_PIXELS`.
        FileNotFoundError: no such file.
    """
    with _open(source) as image:
        return describe_image(image)


def probe_frame(source: bytes | Path) -> ImageFacts:
    """As `probe_image`, over files an import asks for again and again: the newest answers are kept."""
    return probe_image(source) if isinstance(source, bytes) else _probe_path(source)


@lru_cache(maxsize=4096)
def _probe_path(path: Path) -> ImageFacts:
    return probe_image(path)


def describe_image(image: Image.Image) -> ImageFacts:
    """The facts of an image that Pillow has opened but we have not yet turned."""
    width, height = image.size
    orientation = _read_orientation(image)
    if orientation >= _FIRST_TURNED:
        width, height = height, width
    name = (image.format or "").lower()
    return ImageFacts("jpeg" if name == "mpo" else name, width, height, orientation)


def _read_orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001  a broken EXIF block says nothing about orientation
        return 1
    return orientation if orientation in range(1, 9) else 1


def make_thumbnail(image: Image.Image, side: int = THUMBNAIL_SIDE) -> bytes:
    """A WebP whose longer side is at most `side` px."""
    return encode_thumbnail(shrink_image(image, side))


def shrink_image(image: Image.Image, side: int = THUMBNAIL_SIDE) -> Image.Image:
    """A copy whose longer side is at most `side` px."""
    scale = side / max(image.size)
    if scale >= 1:
        return image.copy()
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def encode_thumbnail(small: Image.Image) -> bytes:
    """A shrunk image as WebP."""
    target = io.BytesIO()
    small.save(target, "WEBP", quality=80, method=2)
    return target.getvalue()


def to_webp(source: bytes | Path) -> bytes:
    """An image whole and upright, as a WebP any browser shows.

    Raises:
        InvalidImageError: not an image we open.
    """
    target = io.BytesIO()
    open_image(source).save(target, "WEBP", quality=90)
    return target.getvalue()


def _open(source: bytes | Path) -> Image.Image:
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=FORMATS)
    except FileNotFoundError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError) as error:
        raise InvalidImageError(f"This is {_name_content(source)}.", hint=_HINT) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise _too_large()
    if image.width == 0 or image.height == 0:
        raise InvalidImageError("The image has no pixels.", code="damaged_image")
    return image


def _refuse_many_scans(image: Image.Image) -> None:
    file = getattr(image, "fp", None)
    if image.format not in ("JPEG", "MPO") or file is None:
        return
    place = file.tell()
    file.seek(0)
    scans = count_scans(file.read(), _MOST_SCANS)
    file.seek(place)
    if scans > _MOST_SCANS:
        raise InvalidImageError(
            f"The JPEG paints its picture over {_MOST_SCANS} times, which would take minutes or hours.",
            hint="Save it again from its source.",
            code="image_too_slow",
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits a pixel: Pillow would clip, not scale
        values = np.asarray(image).astype(np.float32)
        values *= 255.0 / (65535.0 if values.max(initial=0) > 255 else 255.0)  # in place: there may be 100 million
        image = Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8))
    elif image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _too_large() -> InvalidImageError:
    return InvalidImageError(
        f"The image has more than {MAX_PIXELS // 1_000_000} million pixels.",
        hint="Scale it down, or cut it into tiles.",
        code="image_too_large",
    )


def _name_content(source: bytes | Path) -> str:
    if isinstance(source, bytes):
        head = source[:512]
    else:
        with source.open("rb") as file:
            head = file.read(512)
    if not head:
        return "an empty file"
    start = head.lower()
    return next((name for mark, name in _NOT_IMAGES if mark in start), "not an image we can open")

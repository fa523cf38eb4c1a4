"""Reading an image at the size it is needed in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from vision.data.images import open_image
from vision.errors import TrainingError
from vision.inference.preprocessing import resize_and_crop


def read_reduced(path: Path, image_format: str, shorter_side: int) -> np.ndarray:
    """An image scaled down until its shorter side is `shorter_side`, never up: uint8 [H, W, 3], RGB, upright.

    A JPEG is decoded at the nearest eighth above that size, which costs a fraction of a whole decode.

    Raises:
        TrainingError: the file is gone.
    """
    try:
        image = _open_jpeg(path, shorter_side) if image_format.lower() in ("jpeg", "jpg") else open_image(path)
    except FileNotFoundError as error:
        raise missing_image(path) from error
    width, height = image.size
    scale = shorter_side / min(width, height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def read_centre(path: Path, resize: int, crop: int, interpolation: str) -> np.ndarray:
    """An image as inference sees it: shorter side to `resize`, the middle `crop` cut out: uint8 [crop, crop, 3].

    Raises:
        TrainingError: the file is gone.
    """
    try:
        image = open_image(path)
    except FileNotFoundError as error:
        raise missing_image(path) from error
    return np.asarray(resize_and_crop(image, resize, crop, interpolation))


def missing_image(path: Path) -> TrainingError:
    return TrainingError(
        f"The image {path.name} is not in {path.parent.parent}.",
        hint="Start the job again: its images are then brought from storage anew.",
        code="image_missing",
    )


def _open_jpeg(path: Path, shorter_side: int) -> Image.Image:
    with Image.open(path) as image:
        width, height = image.size
        scale = shorter_side / min(width, height)
        if scale < 0.5 and image.mode == "RGB":
            # Less than half is wanted: the decoder can leave out the rest.
            image.draft("RGB", (round(width * scale), round(height * scale)))
            return ImageOps.exif_transpose(image)
    return open_image(path)

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from tests.vision.inference.models import make_image
from vision.inference.preprocessing import preprocess

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZES = [(120, 90), (90, 121), (64, 64), (301, 77), (40, 33)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_as_torchvision_does_it(size, interpolation):
    image = make_image(size=size)
    reference = v2.Compose(
        [
            v2.Resize(72, interpolation=v2.InterpolationMode(interpolation)),
            v2.CenterCrop(64),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    tensor = preprocess(image, 72, 64, MEAN, STD, interpolation)
    assert tensor.shape == (3, 64, 64)
    assert tensor.dtype == torch.float32
    torch.testing.assert_close(tensor, reference(image), rtol=1e-5, atol=1e-5)


def test_grey_and_transparent_images_become_rgb():
    for mode in ("L", "RGBA", "P"):
        assert preprocess(make_image().convert(mode), 72, 64, MEAN, STD, "bilinear").shape == (3, 64, 64)


def test_training_validates_on_the_same_pixels(tmp_path):
    from vision.inference.preprocessing import resize_and_crop
    from vision.training.inputs.decode import read_centre

    for index, size in enumerate(SIZES):
        image = make_image(index, size)
        path = tmp_path / f"{index}.png"
        image.save(path)
        served = np.asarray(resize_and_crop(image, 72, 64, "bilinear"))
        assert np.array_equal(read_centre(path, 72, 64, "bilinear"), served)

"""What a preview shows is what training reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vision.preview.requests import make_request
from tests.vision.training.object_runs import make_object_run
from tests.vision.training.runs import make_run
from vision.architectures import build_architecture
from vision.errors import InvalidDatasetError, TrainingError
from vision.preview.drawing import draw_preview
from vision.preview.request import Preview, PreviewRequest, read_preview
from vision.tasks.base import make_task
from vision.training.inputs.rows import read_rows

NONE = {"augmentations": "none"}


def draw(request: PreviewRequest) -> Preview:
    request.out.mkdir(parents=True, exist_ok=True)
    draw_preview(request)
    return read_preview(request.out)


def read(request: PreviewRequest, file: str) -> np.ndarray:
    return np.asarray(Image.open(request.out / file)).astype(int)


def test_named_images_are_seen_as_the_task_draws_them(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    request = make_request(run, tmp_path / "out", seed=5)
    preview = draw(request)
    assert [len(image.views) for image in preview.images] == [4, 4, 4]
    first = preview.images[0]
    assert (first.labels, first.original.width, first.original.height) == (["amber"], 48, 40)
    built = build_architecture(run.architecture, len(run.label_names), run.parameters)
    dataset = make_task(run, built).training_images(read_rows(run.train, run.images_dir), 5).dataset
    sample = dataset[2, 0]
    jittered = np.clip(sample.pixels / 255 @ sample.colours[:, :3].T + sample.colours[:, 3], 0, 1) * 255
    shown = read(request, first.views[1].file)
    assert shown.shape == (32, 32, 3)
    assert np.abs(shown - jittered).mean() < 8  # saved with losses


def test_another_seed_or_strength_is_another_view_and_none_is_the_image(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    requests = [
        make_request(run, tmp_path / "a"),
        make_request(run, tmp_path / "b", seed=9),
        make_request(run, tmp_path / "c", **NONE),
    ]
    pictures = [read(request, draw(request).images[0].views[0].file) for request in requests]
    assert np.abs(pictures[0] - pictures[1]).mean() > 8
    assert np.abs(pictures[0] - pictures[2]).mean() > 8
    others = [read(requests[2], f"0-{turn}.webp") for turn in range(4)]
    assert all(np.array_equal(others[0], other) for other in others)


@pytest.mark.parametrize(
    ("architecture", "masks", "size"),
    [
        ("yolov5", False, (64, 64)),
        ("yolov5_seg", True, (64, 64)),
        ("retinanet_resnet50_fpn", False, (77, 64)),
        ("maskrcnn_resnet18_fpn", True, (77, 64)),
    ],
)
def test_objects_are_where_they_are_seen(tmp_path: Path, architecture: str, masks: bool, size: tuple[int, int]) -> None:
    run = make_object_run(tmp_path, architecture, images=6, masks=masks)
    request = make_request(run, tmp_path / "out", **NONE)
    preview = draw(request)
    for image in preview.images:
        truth = image.original.cell
        for view in image.views:
            assert (view.width, view.height) == size
            assert [one["label"] for one in view.cell] == [one["label"] for one in truth]
    colours = {"amber": (220, 160, 40), "blue": (40, 70, 200), "green": (40, 160, 70)}
    one, pixels = preview.images[0].views[0].cell[0], read(request, "0-0.webp")
    if masks:
        ring = one["polygon"][0]
        x, y = np.mean(ring[::2]), np.mean(ring[1::2])
    else:
        x, y = (one["topX"] + one["bottomX"]) / 2, (one["topY"] + one["bottomY"]) / 2
    middle = pixels[int(y * size[1]) - 3 : int(y * size[1]) + 3, int(x * size[0]) - 3 : int(x * size[0]) + 3]
    assert np.abs(middle.mean(axis=(0, 1)) - colours[one["label"]]).max() < 40


def test_mosaics_hold_the_objects_of_other_images(tmp_path: Path) -> None:
    run = make_object_run(tmp_path, "yolov5", images=6)
    preview = draw(make_request(run, tmp_path / "out", augmentations='{"preset": "none", "mosaic": true}'))
    counts = [len(view.cell) for image in preview.images for view in image.views]
    assert max(counts) > max(len(image.original.cell) for image in preview.images)


def test_tiles_and_scales_take_turns(tmp_path: Path) -> None:
    run = make_object_run(tmp_path, "yolov5", images=6)
    tiled = draw(make_request(run, tmp_path / "tiled", tile_grid_size="2x1", **NONE))
    whole, left, right, again = (len(view.cell) for view in tiled.images[1].views)
    assert whole == again == len(tiled.images[1].original.cell) == 2
    assert (left, right) == (1, 1)
    scaled = draw(make_request(run, tmp_path / "scaled", multi_scale=True, **NONE))
    assert len({view.width for image in scaled.images for view in image.views}) > 1


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    run = make_object_run(tmp_path, "yolov5", images=3)
    request = make_request(run, tmp_path / "out")
    cell = json.dumps([{"label": "cat", "topX": 0, "topY": 0, "bottomX": 1, "bottomY": 1}])
    stranger = request.rows[0].model_copy(update={"annotation": cell})
    with pytest.raises(InvalidDatasetError, match="no label of this run"):
        draw(request.model_copy(update={"rows": [stranger]}))
    gone = request.rows[0].model_copy(update={"sha256": "0" * 64})
    with pytest.raises(TrainingError, match="is not in"):
        draw(request.model_copy(update={"rows": [gone]}))

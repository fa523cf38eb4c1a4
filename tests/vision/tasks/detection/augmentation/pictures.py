"""Pictures whose pixels tell where their objects are: each object has a colour of its own on grey."""

from __future__ import annotations

import colorsys

import numpy as np

from vision.tasks.detection.images import ObjectImage

GREY = 90
_OBJECTS = 3


def colour_of(label: int) -> np.ndarray:
    """Far from grey and from the colours of other labels (0 to 11)."""
    return np.array(colorsys.hsv_to_rgb(label / 12, 1.0, 1.0)) * 255


def make_picture(number: int, width: int = 120, height: int = 90, has_masks: bool = False) -> ObjectImage:
    """Picture `number` (0 to 3): three rectangles, or ellipses where there are masks, that do not touch."""
    random = np.random.default_rng([number, width, height])
    pixels = np.full((height, width, 3), GREY, dtype=np.uint8)
    boxes, masks, labels = [], [], []
    for place in range(_OBJECTS):
        label = number * _OBJECTS + place
        left = place * width // _OBJECTS + int(random.integers(2, 6))
        right = (place + 1) * width // _OBJECTS - int(random.integers(2, 8))
        top = int(random.integers(2, height // 4))
        bottom = int(random.integers(height * 3 // 4, height - 2))
        shape = np.zeros((height, width), dtype=np.uint8)
        shape[top:bottom, left:right] = 1
        if has_masks:
            y, x = np.mgrid[:height, :width] + 0.5
            across, down = (right - left) / 2, (bottom - top) / 2
            shape &= ((x - left - across) / across) ** 2 + ((y - top - down) / down) ** 2 <= 1
        pixels[shape > 0] = colour_of(label)
        boxes.append([left, top, right, bottom])
        masks.append(shape)
        labels.append(label)
    return ObjectImage(
        pixels,
        np.array(boxes, dtype=np.float32),
        np.array(labels, dtype=np.int64),
        np.stack(masks) if has_masks else None,
    )


def empty_picture(width: int = 120, height: int = 90) -> ObjectImage:
    pixels = np.full((height, width, 3), GREY, dtype=np.uint8)
    return ObjectImage(pixels, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


_ELLIPSE = 4  # px: the end of one, above all of one cut to a sliver, fades out where its mask has ended


def find_colour(pixels: np.ndarray, label: int) -> np.ndarray:
    """Where the picture shows the object of that label: bool [H, W]. Edges that are half grey count."""
    wanted, grey = colour_of(label), np.full(3, float(GREY))
    towards = (pixels - grey) @ (wanted - grey) / ((wanted - grey) @ (wanted - grey))  # 0 grey, 1 the colour
    off = np.linalg.norm(pixels - (grey + towards[..., None] * (wanted - grey)), axis=2)
    found: np.ndarray = (towards > 0.5) & (off < 45)
    return found


def check_objects(view: ObjectImage) -> None:
    """Every box and mask of the view, which shows no picture twice, lies where its colour is."""
    height, width = view.pixels.shape[:2]
    assert view.pixels.dtype == np.uint8
    assert view.boxes.dtype == np.float32
    assert view.labels.dtype == np.int64
    assert view.boxes.shape == (len(view.labels), 4)
    assert (view.boxes >= 0).all()
    assert (view.boxes <= [width, height, width, height]).all()
    assert (view.boxes[:, 2:] - view.boxes[:, :2] >= 2).all()
    for place, (label, box) in enumerate(zip(view.labels.tolist(), view.boxes, strict=True)):
        shown = find_colour(view.pixels, label)
        _check_tight(shown, box, 2 if view.masks is None else _ELLIPSE)
        if view.masks is not None:
            _check_mask(view.masks[place], shown, box)


def _check_tight(shown: np.ndarray, box: np.ndarray, tolerance: int) -> None:
    left, top = np.maximum(np.floor(box[:2] - 4).astype(int), 0)
    right, bottom = np.ceil(box[2:] + 4).astype(int)
    rows, columns = np.nonzero(shown[top:bottom, left:right])
    assert len(rows), box
    around = [left + columns.min(), top + rows.min(), left + columns.max() + 1, top + rows.max() + 1]
    np.testing.assert_allclose(around, box, atol=tolerance)


def _check_mask(mask: np.ndarray, shown: np.ndarray, box: np.ndarray) -> None:
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) <= {0, 1}
    rows, columns = np.nonzero(mask)
    around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(around, box, atol=1)
    core = _leave_out_edge(mask)
    edge = 1 - core.sum() / mask.sum()
    off = 1 - shown[mask > 0].mean()
    assert off < max(0.15, edge), (off, edge)  # pixels of the edge are blended with what is beside them
    assert not core.any() or shown[core].mean() > 0.95, shown[core].mean()


def _leave_out_edge(mask: np.ndarray) -> np.ndarray:
    """The pixels whose four neighbours are in the mask as well."""
    wide = np.pad(mask, 1).astype(bool)
    return wide[1:-1, 1:-1] & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]

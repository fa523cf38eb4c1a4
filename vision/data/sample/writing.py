"""The sample as an archive in Azure's own layout: images beside a training and a validation MLTable folder."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vision.data.sample.labelling import SAMPLES
from vision.data.sample.scene import Scene, render_scene
from vision.data.sample.shapes import SHAPES
from vision.errors import NotFoundError

_VALIDATION_EVERY = 5  # each fifth image of a class, as Azure's notebooks split
_MLTABLE = """\
type: mltable
paths:
  - file: ./{file}
transformations:
  - read_json_lines:
      encoding: utf8
      invalid_lines: error
      include_path_column: false
  - convert_column_types:
      - columns: image_url
        column_type: stream_info
"""


def write_sample(
    task_type: str,
    target_zip: Path,
    images: int = 300,
    seed: int = 7,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """Render the sample and write it as a zip. The same seed gives the same pictures.

    `on_progress` is told after every picture how much is done, 0–1; what it raises ends the rendering.

    Raises:
        NotFoundError: there is no sample for that task type.
    """
    if task_type not in SAMPLES:
        raise NotFoundError(f"There is no sample for {task_type!r}.", hint=f"There is one for: {', '.join(SAMPLES)}.")
    target_zip.parent.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {"training": [], "validation": []}
    with zipfile.ZipFile(target_zip, "w", zipfile.ZIP_STORED) as archive:
        for number in range(images):
            scene = _render(task_type, number, np.random.default_rng([seed, number]))
            name = f"images/fastener_{number:04d}.jpg"
            archive.writestr(name, _encode(scene))
            part = "validation" if number // len(SHAPES) % _VALIDATION_EVERY == _VALIDATION_EVERY - 1 else "training"
            lines[part].append(_line(name, scene, SAMPLES[task_type].label(scene)))
            on_progress((number + 1) / images)
        for part, file in (("training", "train_annotations.jsonl"), ("validation", "validation_annotations.jsonl")):
            archive.writestr(f"{part}-mltable-folder/MLTable", _MLTABLE.format(file=file))
            archive.writestr(f"{part}-mltable-folder/{file}", "\n".join(lines[part]) + "\n")


def _render(task_type: str, number: int, rng: np.random.Generator) -> Scene:
    kind = SAMPLES[task_type]
    width, height = int(rng.choice(kind.widths)), int(rng.choice(kind.heights))
    return render_scene(width, height, kind.place(number, width, height, rng), rng)


def _encode(scene: Scene) -> bytes:
    target = io.BytesIO()
    scene.image.save(target, "JPEG", quality=88)
    return target.getvalue()


def _line(name: str, scene: Scene, label: Any) -> str:
    details = {"format": "jpg", "width": f"{scene.image.width}px", "height": f"{scene.image.height}px"}
    return json.dumps({"image_url": name, "image_details": details, "label": label})

"""Label Studio's documents brought to one shape: what image a task is about, what people said of it."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from vision.data.upload import ImageNotFoundError, Upload, is_image_name

SHAPES = ("rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "keypointlabels", "labels")
"""Where a region's value keeps its class names, by the tag that made it."""
_CHOICES = ("choice", "choices", "class", "label", "labels")
_IMAGE_FIELDS = ("image", "img", "photo", "picture", "url", "image_url")
_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")  # what Label Studio puts before an uploaded file's name
_MARKS = ("annotation_id", "annotator", "lead_time")


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one person said: `result` as Label Studio writes it."""

    result: list[Any]
    is_cancelled: bool = False
    written_at: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One image. `data` are its fields, `annotations` in the order they were made."""

    data: dict[str, Any]
    annotations: list[Annotation] = field(default_factory=list)
    has_predictions: bool = False

    def choose(self) -> Annotation | None:
        """The newest annotation that was not cancelled."""
        valid = [one for one in self.annotations if not one.is_cancelled]
        return max(valid, key=lambda one: one.written_at) if valid else None  # of equal ones the first

    def count_valid(self) -> int:
        return sum(not one.is_cancelled for one in self.annotations)


def read_task(item: Any, target_column_name: str) -> Task | None:
    """A task of the full export, of JSON-MIN, or one annotation with its task; None where it is none of these."""
    if not isinstance(item, dict):
        return None
    if isinstance(item.get("task"), dict) and isinstance(item.get("result"), list):
        item = item["task"] | {"annotations": [item]}
    data = item.get("data")
    if isinstance(data, dict):
        given = item.get("annotations", item.get("completions"))
        if given is None and "predictions" not in item:
            return None
        found = [_read_annotation(one) for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        return Task(data, found, bool(item.get("predictions")))
    if any(mark in item for mark in _MARKS) and find_image_url(item):
        return Task(item, [Annotation(list(_list_minimal(item, target_column_name)))])
    return None


def find_image_url(data: dict[str, Any]) -> str:
    """The field that says where the image is, "" where none does."""
    texts = {str(key): value for key, value in data.items() if isinstance(value, str) and value.strip()}
    for key in _IMAGE_FIELDS:
        if key in texts:
            return texts[key]
    return next((text for text in texts.values() if any(map(is_image_name, list_names(text)))), "")


def find_image(upload: Upload, url: str, base: str) -> str:
    """The image of the upload that an address of Label Studio means.

    Raises:
        ImageNotFoundError: none, or several that fit equally well.
    """
    problem: ImageNotFoundError | None = None
    for name in list_names(url):
        try:
            return upload.find(name, base)
        except ImageNotFoundError as error:
            problem = problem or error
    raise problem or ImageNotFoundError(f"{url[:300]} is no address of an image.")


def list_names(url: str) -> list[str]:
    """The paths an address may stand for, the surest first: as it is, from its query, without the prefix of uploads."""
    names = [url.strip(), *_read_query(url)]
    for name in list(names):
        folder, last = posixpath.split(name)
        if _PREFIX.match(last):
            names.append(posixpath.join(folder, _PREFIX.sub("", last)))
    return list(dict.fromkeys(names))


def _read_query(url: str) -> Iterator[str]:
    """`/data/local-files/?d=photos/a.jpg` and `/tasks/1/resolve/?fileuri=<base64>`."""
    if "?" not in url:
        return
    try:
        query = parse_qs(urlsplit(url).query, max_num_fields=20)
    except ValueError:
        return
    yield from (unquote(value) for value in query.get("d", []))
    for value in query.get("fileuri", []):
        try:
            yield base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def _read_annotation(one: dict[str, Any]) -> Annotation:
    result = one.get("result")
    written_at = one.get("updated_at") or one.get("created_at") or ""
    is_cancelled = one.get("was_cancelled") is True or one.get("skipped") is True
    return Annotation(result if isinstance(result, list) else [], is_cancelled, str(written_at))


def _list_minimal(item: dict[str, Any], target_column_name: str) -> Iterator[dict[str, Any]]:
    """The results of a JSON-MIN task: the values alone, each under the name of its control."""
    for key, value in item.items():
        if isinstance(value, list):
            for entry in value:
                kind = next((name for name in SHAPES if isinstance(entry, dict) and name in entry), "")
                if kind:
                    yield {"type": kind, "value": entry, **{side: entry.get(side) for side in _SIDES}}
        choices = value.get("choices") if isinstance(value, dict) else value
        is_plain = isinstance(choices, str) or (isinstance(choices, list) and all(isinstance(c, str) for c in choices))
        if is_plain and choices and (key in (target_column_name, *_CHOICES) or isinstance(value, dict)):
            yield {"type": "choices", "value": {"choices": [choices] if isinstance(choices, str) else choices}}


_SIDES = ("original_width", "original_height")

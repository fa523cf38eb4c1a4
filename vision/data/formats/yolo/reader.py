"""Reading YOLO detection and segmentation data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.found import FoundObject, to_cell
from vision.data.formats.layout import read_folder_split
from vision.data.formats.text_lines import iterate_text
from vision.data.formats.yolo.config import NameLists, YoloConfig, list_configs
from vision.data.formats.yolo.layout import Item, Layout, Listing, is_unlabelled, iterate_label_files, list_label_paths
from vision.data.formats.yolo.lines import InvalidYoloLineError, YoloLine, is_label_line, parse_label_line
from vision.data.limits import DEFAULT_LIMITS
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.upload import Upload

_LOOKED_AT = 500  # label files read to see whether there are outlines
_LINES = 100  # of each
_TRIED = 20  # label files tried where nothing else says that it is YOLO


class YoloReader:
    """data.yaml or a list of class names, images, and a text file of objects for each.

    Images without one are background, as for Ultralytics. A box in a set of outlines becomes its rectangle.
    """

    def detect(self, upload: Upload) -> Detection | None:
        labels = _iterate_labels(upload)
        first = next(labels, None)
        if first is None:
            return None
        for config in list_configs(upload, DEFAULT_LIMITS, Report(max_rows=0)):
            return Detection("yolo", 0.9, f"{config.file} names {len(config.names)} classes of a YOLO data set")
        for label in islice(chain([first], labels), _TRIED):
            line = next(iterate_text(upload, label, DEFAULT_LIMITS, Report(max_rows=0)), None)
            if line is not None:
                return Detection("yolo", 0.7, f"{label} holds YOLO labels") if is_label_line(line[1]) else None
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        unheard = Report(max_rows=0)
        has_keypoints = any(config.has_keypoints for config in list_configs(upload, DEFAULT_LIMITS, unheard))
        for label in islice(_iterate_labels(upload), 0 if has_keypoints else _LOOKED_AT):
            for _, text in islice(iterate_text(upload, label, DEFAULT_LIMITS, unheard), _LINES):
                try:
                    if parse_label_line(text).ring:
                        return TaskType.SEGMENTATION
                except InvalidYoloLineError:
                    continue
        return TaskType.DETECTION

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        return _Reading(upload, options, report).records()


def _iterate_labels(upload: Upload) -> Iterator[str]:
    """Label files, each perhaps twice: those of folders called labels, then those beside images."""
    paths = (label for image in upload.images for label in list_label_paths(image))
    return chain(iterate_label_files(upload), (label for label in paths if label in upload))


class _Reading:
    """One upload being read."""

    def __init__(self, upload: Upload, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._options = options
        self._report = report
        self._layout = Layout(upload)
        self._configs = list_configs(upload, options.limits, report)
        self._name_lists = NameLists(upload, options.limits, report)
        self._unnamed: set[int] = set()
        self._background: list[str] = []  # the first image without a label file
        self._background_count = 0

    def records(self) -> Iterator[Record]:
        for item, config in self._list_items():
            record = self._read(item, config)
            if record is not None:
                yield record
        for image in filter(is_unlabelled, self._upload.images):
            yield Record(image, None, image, split=read_folder_split(image))
        for label in self._layout.list_orphans():
            message = "No image of the upload belongs to this label file."
            self._report.error("missing_image", message, file=label)
        self._say_background()

    def _list_items(self) -> Iterator[tuple[Item, YoloConfig]]:
        """Everything data.yaml lists; where it lists nothing, or not all is there, what the folders say."""
        is_complete = bool(self._configs)
        folders: list[str] = []
        for config in self._configs:
            listing = Listing(self._upload, config, self._layout, self._options.limits, self._report)
            for item in listing:
                yield item, config
            is_complete = is_complete and listing.is_complete
            folders += listing.folders
        if is_complete:
            return
        for item in self._layout.list_labelled_folders():
            if not item.image.startswith(tuple(folders)):
                yield item, self._find_config(item)

    def _find_config(self, item: Item) -> YoloConfig:
        """The data.yaml whose folder is nearest above the labels, else the first."""
        file = item.label or item.image
        above = [one for one in self._configs if not one.folder or file.startswith(f"{one.folder}/")]
        nearest = sorted(above or self._configs[:1], key=lambda one: -len(one.folder))
        return nearest[0] if nearest else YoloConfig()

    def _read(self, item: Item, config: YoloConfig) -> Record | None:
        if not item.label:
            self._background_count += 1
            self._background = self._background or [item.image]
            label: Any = [] if self._options.task_type != TaskType.CLASSIFICATION else None
            return Record(item.image, label, item.image, split=item.split)
        errors = self._report.error_count
        lines, text = self._read_lines(item, config)
        if self._report.error_count > errors:
            return None  # with an object missing the image would teach that nothing is there
        objects = self._to_objects(lines, item, config)
        cell = to_cell(objects, self._options.task_type)
        return Record(item.image, cell, item.label, split=item.split, source=text)

    def _read_lines(self, item: Item, config: YoloConfig) -> tuple[list[tuple[int, YoloLine]], str]:
        lines: list[tuple[int, YoloLine]] = []
        texts: list[str] = []
        most = self._options.limits.max_objects + 1  # one more than allowed: the label's reader says so
        for number, text in islice(iterate_text(self._upload, item.label, self._options.limits, self._report), most):
            try:
                lines.append((number, parse_label_line(text, config.has_keypoints)))
                texts.append(text)
            except InvalidYoloLineError as error:
                self._report.error("invalid_label", str(error), file=item.label, line=number, image=item.image)
        return lines, "\n".join(texts)

    def _to_objects(self, lines: Sequence[tuple[int, YoloLine]], item: Item, config: YoloConfig) -> list[FoundObject]:
        self._say_confidences(lines, item)
        if self._options.task_type == TaskType.SEGMENTATION:
            self._say_rectangles(lines, item)
        names = config.names if config.file else self._name_lists.find(item.label)
        return [
            FoundObject(
                names.get(line.number) or self._make_name(line.number, item.label, place),
                line.box,
                (line.ring,) if line.ring else (),
            )
            for place, line in lines
        ]

    def _make_name(self, number: int, file: str, line: int) -> str:
        name = f"class_{number}"
        if number not in self._unnamed and len(self._unnamed) < self._options.limits.max_labels:
            self._unnamed.add(number)
            message = f"Class {number} has no name in data.yaml or classes.txt; it was called {name}."
            self._report.warning("unnamed_class", message, Action.REPAIRED, file=file, line=line)
        return name

    def _say_confidences(self, lines: Sequence[tuple[int, YoloLine]], item: Item) -> None:
        places = [place for place, line in lines if line.has_confidence]
        if places:
            message = f"{len(places)} of {len(lines)} boxes have a fifth number, left out as a confidence."
            place = {"file": item.label, "line": places[0], "image": item.image}
            self._report.warning("confidence_left_out", message, Action.REPAIRED, **place)

    def _say_rectangles(self, lines: Sequence[tuple[int, YoloLine]], item: Item) -> None:
        places = [place for place, line in lines if line.box]
        if places:
            message = f"{len(places)} of the {len(lines)} objects are boxes; the rectangle was taken as the outline."
            self._report.warning("box_as_outline", message, file=item.label, line=places[0], image=item.image)

    def _say_background(self) -> None:
        if self._background_count:
            message = (
                f"{self._background_count:,} images have no label file and were read as images with nothing on them, "
                f"as Ultralytics does; the first is {self._background[0]}. Take out those that nobody labelled."
            )
            self._report.warning("background_images", message)

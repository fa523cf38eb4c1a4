"""The formats an upload may come in and a version may leave in, each one module."""

from __future__ import annotations

from dataclasses import dataclass

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ExportRow, FormatReader, FormatWriter, ReadOptions
from vision.data.sources import list_archives
from vision.data.upload import Upload
from vision.errors import InvalidDatasetError
from vision.registry import Registry, load_dotted

__all__ = [
    "FORMATS",
    "Detection",
    "ExportRow",
    "FormatInfo",
    "FormatReader",
    "FormatWriter",
    "ReadOptions",
    "detect_format",
    "detect_formats",
    "get_reader",
    "get_writer",
]
_ALL = frozenset(TaskType)


@dataclass(frozen=True)
class FormatInfo:
    """`reader` and `writer` are dotted paths of a `FormatReader` and a `FormatWriter`.

    `task_types` are those the format can hold without loss; a format without a writer is only read.
    """

    name: str
    title: str
    description: str
    reader: str
    writer: str = ""
    task_types: frozenset[str] = _ALL


FORMATS: Registry[FormatInfo] = Registry(
    "dataset format",
    [
        FormatInfo(
            "jsonl",
            "JSON Lines, with or without MLTable",
            "One JSON object a line with image_url and label, as Azure Machine Learning writes it.",
            "vision.data.formats.jsonl:JsonlReader",
            "vision.data.formats.jsonl:JsonlWriter",
        ),
        FormatInfo(
            "coco",
            "COCO",
            "One JSON a split with images, annotations and categories; boxes, polygons, run-length and panoptic masks "
            "are read.",
            "vision.data.formats.coco:CocoReader",
            "vision.data.formats.coco:CocoWriter",
            frozenset({TaskType.DETECTION, TaskType.SEGMENTATION}),
        ),
        FormatInfo(
            "instance_masks",
            "Instance masks",
            "One PNG an image whose values are the numbers of its instances, as Penn-Fudan has them. Overlaps are "
            "lost, and outlines are rounded to pixels.",
            "vision.data.formats.instance_masks:InstanceMasksReader",
            "vision.data.formats.instance_masks:InstanceMasksWriter",
            frozenset({TaskType.SEGMENTATION}),
        ),
        FormatInfo(
            "voc",
            "Pascal VOC",
            "One XML an image with boxes, or with polygons; masks of objects are read too. The class of each is "
            "<name>, isCrowd is <difficult>.",
            "vision.data.formats.voc:VocReader",
            "vision.data.formats.voc:VocWriter",
            frozenset({TaskType.DETECTION, TaskType.SEGMENTATION}),
        ),
        FormatInfo(
            "yolo",
            "YOLO",
            "data.yaml and one text file an image with boxes or outlines. isCrowd is lost, and several rings of an "
            "instance become one, joined by cuts without width as Ultralytics does.",
            "vision.data.formats.yolo:YoloReader",
            "vision.data.formats.yolo:YoloWriter",
            frozenset({TaskType.DETECTION, TaskType.SEGMENTATION}),
        ),
        FormatInfo(
            "folder",
            "Image folders",
            "One folder a class, within one folder a split: what YOLO classification reads too.",
            "vision.data.formats.folder:FolderReader",
            "vision.data.formats.folder:FolderWriter",
            frozenset({TaskType.CLASSIFICATION}),
        ),
        FormatInfo(
            "csv",
            "CSV table",
            "One row an image with its label or labels, as Azure Machine Learning's filename,labels; tables with a "
            "column a class or a row a box are read too.",
            "vision.data.formats.csv_table:CsvReader",
            "vision.data.formats.csv_table:CsvWriter",
            frozenset({TaskType.CLASSIFICATION, TaskType.MULTILABEL}),
        ),
        FormatInfo(
            "label_studio",
            "Label Studio",
            "The JSON or JSON-MIN export: choices, rectangles, polygons, brush strokes. What is written imports there "
            "with its annotations.",
            "vision.data.formats.label_studio:LabelStudioReader",
            "vision.data.formats.label_studio:LabelStudioWriter",
        ),
        FormatInfo(
            "cvat",
            "CVAT for images 1.1",
            "One XML of all images: tags, boxes, polygons, masks. Polygons of one class in one group are one object.",
            "vision.data.formats.cvat:CvatReader",
            "vision.data.formats.cvat:CvatWriter",
        ),
        FormatInfo(
            "labelme",
            "LabelMe",
            "One JSON beside each image: rectangles, polygons, circles, masks; flags that are set are the names of "
            "its classes. Shapes of one class in one group are one object.",
            "vision.data.formats.labelme:LabelmeReader",
            "vision.data.formats.labelme:LabelmeWriter",
        ),
        FormatInfo(
            "huggingface",
            "Hugging Face image folder",
            "metadata.jsonl or metadata.csv beside the images of each split: file_name, and label, labels or objects "
            "with boxes in pixels.",
            "vision.data.formats.huggingface:HuggingfaceReader",
            "vision.data.formats.huggingface:HuggingfaceWriter",
            frozenset({TaskType.CLASSIFICATION, TaskType.MULTILABEL, TaskType.DETECTION}),
        ),
    ],
)


def get_reader(name: str) -> FormatReader:
    """The reader of a format.

    Raises:
        NotFoundError: no such format.
    """
    reader: FormatReader = load_dotted(FORMATS.get(name).reader)()
    return reader


def get_writer(name: str) -> FormatWriter:
    """The writer of a format.

    Raises:
        NotFoundError: no such format.
        InvalidDatasetError: it is only read.
    """
    info = FORMATS.get(name)
    if not info.writer:
        known = ", ".join(other.name for other in FORMATS if other.writer)
        raise InvalidDatasetError(f"{info.title} is read, not written.", hint=f"Written are: {known}.")
    writer: FormatWriter = load_dotted(info.writer)()
    return writer


def detect_formats(upload: Upload) -> list[Detection]:
    """Every format the upload may be in, the surest first."""
    found = [found for info in FORMATS if (found := get_reader(info.name).detect(upload)) is not None]
    return sorted(found, key=lambda detection: -detection.confidence)


def detect_format(upload: Upload) -> Detection:
    """The format an upload is in.

    Raises:
        InvalidDatasetError: none of ours; the message says what was looked for.
    """
    found = detect_formats(upload)
    if found:
        return found[0]
    known = ", ".join(info.title for info in FORMATS)
    files = f"the {len(upload.files):,} files of the upload" if len(upload.files) != 1 else upload.files[0]
    archives = list_archives(upload.files)
    packed = f" There are archives within it, which stay packed: {', '.join(archives[:3])}." if archives else ""
    raise InvalidDatasetError(
        f"No labels were found in {files}.{packed}",
        hint=("Unpack the inner archives, or upload them side by side. " if archives else "")
        + f"Known are: {known}. The simplest: one folder a class, or a .jsonl file with image_url and label.",
        code="no_labels",
    )

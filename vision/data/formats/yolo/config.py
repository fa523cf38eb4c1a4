"""What a YOLO data set says of itself: data.yaml, or a list of class names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vision.data.formats.text_lines import iterate_text
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import Upload
from vision.errors import InvalidDocumentError
from vision.spec.documents import MAX_BYTES, find_line, load_document

_SPLITS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
_NAME_LISTS = ("classes.txt", "obj.names", "_darknet.labels")
_LOOKED_AT = 50  # YAML files


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder or list of images, as data.yaml names it under `key` in `line`."""

    split: str
    value: str
    key: str
    line: int


@dataclass(frozen=True)
class YoloConfig:
    """`names` by class number; `root` is data.yaml's `path`, `entries` what it lists. `file` is "" without one."""

    file: str = ""
    names: dict[int, str] = field(default_factory=dict)
    root: str = ""
    entries: list[Entry] = field(default_factory=list)
    has_keypoints: bool = False

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.file)


def list_configs(upload: Upload, limits: ImportLimits, report: Report) -> list[YoloConfig]:
    """Every YAML file of the upload that names classes. One called data.yaml that cannot be read is said."""
    found = []
    for file in _list_yaml(upload):
        config = _read_config(upload, file, limits, report)
        if config is not None:
            found.append(config)
    return found


def is_name_list(file: str) -> bool:
    """Whether a file is called like a list of class names."""
    name = posixpath.basename(file).lower()
    return name in _NAME_LISTS or name.endswith(".names")


class NameLists:
    """Class names of uploads without data.yaml: of the nearest list in the folders above a label file."""

    def __init__(self, upload: Upload, limits: ImportLimits, report: Report) -> None:
        self._upload = upload
        self._limits = limits
        self._report = report
        self._files = {posixpath.dirname(file): file for file in reversed(upload.files) if is_name_list(file)}
        self._names: dict[str, dict[int, str]] = {}

    def find(self, label_file: str) -> dict[int, str]:
        """Names by class number for a label file; of the first list anywhere where none lies above it."""
        folder = posixpath.dirname(label_file)
        while folder not in self._files and folder:
            folder = posixpath.dirname(folder)
        file = self._files.get(folder) or next(reversed(self._files.values()), "")
        if file not in self._names:
            self._names[file] = self._read(file) if file else {}
        return self._names[file]

    def _read(self, file: str) -> dict[int, str]:
        names: dict[int, str] = {}
        for number, line in iterate_text(self._upload, file, self._limits, self._report):
            if number > self._limits.max_labels:
                message = f"Names after line {self._limits.max_labels:,} were not read."
                self._report.warning("too_many_labels", message, file=file, line=number)
                break
            names[number - 1] = line.strip()
        return names


def _list_yaml(upload: Upload) -> Iterator[str]:
    files = [file for file in upload.files if file.lower().endswith((".yaml", ".yml"))]
    files.sort(key=lambda file: (posixpath.basename(file) != "data.yaml", file))
    return iter(files[:_LOOKED_AT])


def _read_config(upload: Upload, file: str, limits: ImportLimits, report: Report) -> YoloConfig | None:
    with upload.path(file).open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    try:
        document = load_document(data)
    except InvalidDocumentError as error:
        if posixpath.basename(file).lower().startswith("data"):
            line = error.details[0].line if error.details else None
            report.error("invalid_data_yaml", f"The file cannot be read: {error}", file=file, line=line or 0)
        return None
    if "names" not in document:
        return None
    text = data.decode("utf-8-sig")
    root = document.get("path")
    config = YoloConfig(
        file=file,
        names=_read_names(document["names"], file, find_line(text, "names") or 0, limits, report),
        root=root if isinstance(root, str) else "",
        entries=list(_read_entries(document, text, file, report)),
        has_keypoints="kpt_shape" in document,
    )
    _check_count(document.get("nc"), config, find_line(text, "nc") or 0, report)
    return config


def _read_names(value: Any, file: str, line: int, limits: ImportLimits, report: Report) -> dict[int, str]:
    given = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not isinstance(value, (dict, list)):
        message = "`names` must list the class names, as in `names: [cat, dog]`."
        report.error("invalid_data_yaml", message, file=file, line=line)
    names: dict[int, str] = {}
    for key, name in given:
        number = int(key) if str(key).isdecimal() and len(str(key)) < 10 else -1
        if number < 0 or isinstance(name, (dict, list)) or name is None:
            message = f"`names` holds {str(key)[:40]}: {str(name)[:40]}, which is no number with a class name."
            report.error("invalid_data_yaml", message, file=file, line=line)
            continue
        if isinstance(name, bool):
            message = f"The name of class {number} is YAML's word for {str(name).lower()}; put it in quotes."
            report.warning("unquoted_name", message, file=file, line=line)
        names[number] = str(name)
        if len(names) >= limits.max_labels:
            break
    return names


def _read_entries(document: dict[str, Any], text: str, file: str, report: Report) -> Iterator[Entry]:
    for key, split in _SPLITS.items():
        value = document.get(key)
        if value is None or value == "":
            continue
        line = find_line(text, key) or 0
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield Entry(split, one, key, line)
            else:
                message = f"`{key}` must be a folder, a list of folders or a .txt file that lists images."
                report.error("invalid_data_yaml", message, file=file, line=line)


def _check_count(count: Any, config: YoloConfig, line: int, report: Report) -> None:
    if count is not None and count != len(config.names):
        message = f"`nc` is {str(count)[:40]}, but `names` holds {len(config.names)} classes; `names` was taken."
        report.warning("class_count_mismatch", message, file=config.file, line=line)

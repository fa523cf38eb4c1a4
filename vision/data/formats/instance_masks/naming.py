"""Class names for instances that have none of their own, and a sentence on where they come from."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property, lru_cache

from vision.data.formats.instance_masks.pairing import MaskFile
from vision.data.formats.json_lists import InvalidJsonError, decode_item
from vision.data.formats.layout import get_stem
from vision.data.formats.text_lines import iterate_text
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.split_names import read_split
from vision.data.upload import Upload

DEFAULT_NAME = "object"
_LISTS = ("classes.txt", "labels.txt", "classes.json", "labels.json")
_BACKGROUND = {"background", "_background_", "__background__"}
# Penn-Fudan: Pixel mask for object 1 "PASpersonWalking" : "PennFudanPed/PedMasks/FudanPed00001_mask.png"
_PENN_FUDAN = re.compile(rb'for object (\d{1,6}) "PAS([a-z]+)')
_HEAD_BYTES = 1 << 16


class UnknownClassError(ValueError):
    """A value of a mask that the list of classes does not name. `str()` says which."""


class ClassList:
    """Names by value. A list of one name is that of every instance."""

    def __init__(self, file: str, names: dict[int, str]) -> None:
        self.file = file
        self._names = names

    @property
    def is_one(self) -> bool:
        return len(self._names) == 1

    def find(self, value: int) -> str:
        """The class of a value.

        Raises:
            UnknownClassError: the list has no name for it.
        """
        if self.is_one:
            return next(iter(self._names.values()))
        if value not in self._names:
            raise UnknownClassError(f"the value {value} has no name in {self.file}")
        return self._names[value]


class Naming:
    """The first of these that there is: a folder a class below the masks, a list of classes, Penn-Fudan's text file,
    a folder a class above the masks, the name "object". Where that was a guess the report is told once a kind."""

    def __init__(self, upload: Upload, limits: ImportLimits, report: Report) -> None:
        self._upload = upload
        self._limits = limits
        self._report = report
        self._said: set[str] = set()
        self._find_list = lru_cache(256)(self._find_list_anew)

    def find(self, mask: MaskFile, image: str, values: list[int]) -> dict[int, str | UnknownClassError]:
        """A name for each instance number of a mask."""
        folder = _find_class_folder(mask.after, image)
        if folder:
            return dict.fromkeys(values, folder)
        listed = self._find_list(posixpath.dirname(mask.file))
        if listed is not None:
            return self._apply_list(listed, values)
        return self._guess(mask, image, values)

    def _apply_list(self, listed: ClassList, values: list[int]) -> dict[int, str | UnknownClassError]:
        if not listed.is_one:
            message = "The values of the masks were read as the numbers of these classes, all pixels of a value as one."
            self._say("value_is_class", message, listed.file)
        found: dict[int, str | UnknownClassError] = {}
        for value in values:
            try:
                found[value] = listed.find(value)
            except UnknownClassError as error:
                found[value] = error
        return found

    def _guess(self, mask: MaskFile, image: str, values: list[int]) -> dict[int, str | UnknownClassError]:
        folder = _find_class_folder(mask.before, "")
        names = {} if folder else self._read_penn_fudan(mask, image)
        what = "their Penn-Fudan text files" if names else f"their folder, {folder!r}" if folder else ""
        if len(names.keys() & values) < len(values):
            what = what or f"{DEFAULT_NAME!r}, as no file says what they are"
        message = f"Instances were named after {what}." if names or folder else f"Instances were named {what}."
        advice = " A classes.txt with the name beside the masks names them otherwise."
        self._say("class_name_chosen", message + advice, mask.file)
        return {value: names.get(value) or folder or DEFAULT_NAME for value in values}

    def _read_penn_fudan(self, mask: MaskFile, image: str) -> dict[int, str]:
        for stem in (get_stem(image), get_stem(mask.file)):
            for file in self._texts.get(stem, ()):
                with self._upload.path(file).open("rb") as opened:
                    found = _PENN_FUDAN.findall(opened.read(_HEAD_BYTES))
                if found:
                    return {int(number): name.decode() for number, name in found}
        return {}

    def _find_list_anew(self, folder: str) -> ClassList | None:
        while True:
            for name in _LISTS:
                file = posixpath.join(folder, name)
                listed = self._read_list(file) if file in self._upload else None
                if listed is not None:
                    return listed
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _read_list(self, file: str) -> ClassList | None:
        names = self._read_json(file) if file.endswith(".json") else self._read_lines(file)
        if not names or len(names) > self._limits.max_labels:
            self._report.error("invalid_class_list", "The file names no classes, or too many; not used.", file=file)
            return None
        return ClassList(file, names)

    def _read_lines(self, file: str) -> dict[int, str]:
        lines = iterate_text(self._upload, file, self._limits, self._report)
        names = [line.strip() for (_, line), _ in zip(lines, range(self._limits.max_labels + 1), strict=False)]
        return _number(names)

    def _read_json(self, file: str) -> dict[int, str]:
        path = self._upload.path(file)
        try:
            if path.stat().st_size > self._limits.max_line_bytes:
                return {}
            content = decode_item(path.read_bytes(), object)
        except (InvalidJsonError, OSError):
            return {}
        if isinstance(content, list):
            return _number([str(name) for name in content])
        return _read_mapping(content) if isinstance(content, dict) else {}

    def _say(self, code: str, message: str, file: str) -> None:
        if code + message not in self._said:
            self._said.add(code + message)
            self._report.warning(code, message, file=file)

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        texts: dict[str, list[str]] = {}
        for file in self._upload.files:
            if file.lower().endswith(".txt"):
                texts.setdefault(get_stem(file), []).append(file)
        return texts


def _find_class_folder(folders: tuple[str, ...], image: str) -> str:
    """The innermost folder that is neither a split nor one the photo lies in too; "" where there is none."""
    shared = set(posixpath.dirname(image).split("/"))
    return next((name for name in reversed(folders) if name and name not in shared and not read_split(name)), "")


def _number(names: list[str]) -> dict[int, str]:
    """Names in the order of their values: from 0 where the first is background, else from 1."""
    first = 0 if names and names[0].lower() in _BACKGROUND else 1
    return {value: name for value, name in enumerate(names, start=first) if name and value}


def _read_mapping(content: dict[str, object]) -> dict[int, str]:
    """`{"1": "cat"}` or `{"cat": 1}`."""
    names: dict[int, str] = {}
    for key, value in content.items():
        if isinstance(value, str) and key.isdecimal() and len(key) < 9:
            names[int(key)] = value
        elif isinstance(value, int) and 0 < value < 1 << 24:
            names[value] = key
    return {value: name for value, name in names.items() if value and name.lower() not in _BACKGROUND}

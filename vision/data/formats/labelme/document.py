"""One file of LabelMe: its shapes, each with its line, and without the picture that LabelMe packs into it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from vision.data.formats.canvas import read_side

T = TypeVar("T")
_CHUNK = 1 << 20
_PICTURE = re.compile(rb'"imageData"\s*:\s*"')  # Base64 follows: no quote in it but the one that ends it
_SPAN = 64  # bytes in which the beginning of a picture may be cut by the end of a chunk
_BYTE = re.compile(r" \(byte (\d+)\)$")  # where msgspec says a mistake is


class InvalidFileError(ValueError):
    """A file that cannot be read. `str()` says why, `line` where."""

    def __init__(self, message: str, line: int = 0, code: str = "invalid_json") -> None:
        super().__init__(message)
        self.line = line
        self.code = code


class Shape(msgspec.Struct):
    """A shape as it is written, nothing of it checked."""

    label: Any = None
    points: Any = None
    shape_type: Any = "polygon"  # the only kind there was once
    group_id: Any = None
    flags: Any = None
    mask: Any = None


class _Fields(msgspec.Struct):
    shapes: list[msgspec.Raw] | None = None
    flags: Any = None
    imagePath: Any = None  # noqa: N815  LabelMe's spelling
    imageWidth: Any = None  # noqa: N815
    imageHeight: Any = None  # noqa: N815
    unlabelled: Any = False


class Document:
    """One annotation file. `data` is its text, `has_picture` says that there was one packed into it."""

    def __init__(self, fields: _Fields, shapes: list[msgspec.Raw], data: bytes, has_picture: bool) -> None:
        width, height = read_side(fields.imageWidth), read_side(fields.imageHeight)
        self.image_path = fields.imagePath if isinstance(fields.imagePath, str) else ""
        self.flags = fields.flags
        self.size = (width, height) if width and height else None
        self.is_unlabelled = fields.unlabelled is True
        self.has_picture = has_picture
        self.count = len(shapes)
        self._shapes = shapes
        self._data = data

    @property
    def text(self) -> str:
        return self._data.decode("utf-8", "replace")

    def read_shape(self, number: int) -> Shape:
        """A shape by its number from 0.

        Raises:
            InvalidFileError: no object, or not JSON.
        """
        try:
            return _decode(bytes(self._shapes[number]), Shape)
        except InvalidFileError as error:
            line = self.find_line(number) + max(error.line - 1, 0)
            raise InvalidFileError(f"Shape {number + 1} cannot be read: {error}", line, error.code) from None

    def find_line(self, number: int) -> int:
        """The line in which a shape begins."""
        start = end = max(self._data.find(b'"shapes"'), 0)
        for shape in self._shapes[: number + 1]:
            start = max(self._data.find(bytes(shape), end), start)
            end = start + len(bytes(shape))
        return self._data.count(b"\n", 0, start) + 1


def read_document(path: Path, max_bytes: int, max_picture_bytes: int) -> Document | None:
    """The file as annotation of one image, None where it is JSON of another kind.

    `max_bytes` are those of the annotation, `max_picture_bytes` those of a picture packed into it, which is passed by
    without being held in memory.

    Raises:
        InvalidFileError: too large, not UTF-8, not JSON, NaN or Infinity in it, nested too deep.
    """
    data, has_picture = _read_without_picture(path, max_bytes, max_picture_bytes)
    try:
        fields = _decode(data, _Fields)
    except _OtherShapeError:
        return None
    is_ours = fields.shapes is not None and (isinstance(fields.imagePath, str) or has_picture)
    return Document(fields, fields.shapes, data, has_picture) if is_ours and fields.shapes is not None else None


def unpack_picture(path: Path, target: Path) -> None:
    """Write the picture that is packed into a file to one of its own, a piece of it in memory at a time.

    Raises:
        InvalidFileError: it is not Base64.
    """
    with path.open("rb") as file, target.open("wb") as picture:
        decoder = _Decoder(picture)
        sieve = _Sieve(decoder.add)
        while not sieve.is_done and (piece := file.read(_CHUNK)):
            sieve.add(piece)
        decoder.close()


class _OtherShapeError(InvalidFileError):
    """Good JSON, and not of the kind that was asked for."""


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except msgspec.ValidationError as error:
        raise _OtherShapeError(f"{error}.") from None
    except RecursionError:
        raise InvalidFileError("The file is nested too deep.") from None
    except UnicodeDecodeError:
        raise InvalidFileError("The file is not UTF-8 text.", code="invalid_encoding") from None
    except msgspec.DecodeError as error:
        place = _BYTE.search(str(error))
        line = data.count(b"\n", 0, int(place[1])) + 1 if place else 0
        raise InvalidFileError(f"The file is not JSON: {_BYTE.sub('', str(error))}.", line) from None


def _read_without_picture(path: Path, max_bytes: int, max_picture_bytes: int) -> tuple[bytes, bool]:
    """The bytes of a file but for the text of `imageData`, and whether there was any."""
    sieve = _Sieve(lambda text: None)
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            sieve.add(piece)
            if len(sieve.kept) > max_bytes or sieve.dropped > max_picture_bytes:
                message = f"The file has over {max_bytes:,} bytes (with its picture, {max_picture_bytes:,} more)."
                raise InvalidFileError(message, code="file_too_large")
    return bytes(sieve.kept), sieve.dropped > 0


class _Sieve:
    """Takes a file piece by piece and keeps all but the text of the first `imageData`, which `drop` is given."""

    def __init__(self, drop: Callable[[bytes], None]) -> None:
        self.kept = bytearray()
        self.dropped = 0
        self.is_done = False
        self._give = drop
        self._seen = 0
        self._is_inside = False

    def add(self, piece: bytes) -> None:
        if self.is_done or not self._is_inside:
            self.kept += piece
            piece = b"" if self.is_done else self._cut()
        if self._is_inside:
            self._drop(piece)

    def _cut(self) -> bytes:
        """What follows the beginning of a picture, taken out of what is kept."""
        match = _PICTURE.search(self.kept, self._seen)
        if match is None:
            self._seen = max(len(self.kept) - _SPAN, self._seen)
            return b""
        start = match.end()
        rest = bytes(self.kept[start:])
        del self.kept[start:]
        self._is_inside = True
        return rest

    def _drop(self, piece: bytes) -> None:
        end = piece.find(b'"')
        text = piece if end < 0 else piece[:end]
        self.dropped += len(text)
        self._give(text)
        if end >= 0:
            self.kept += piece[end:]
            self._is_inside, self.is_done = False, True


class _Decoder:
    """Base64 as JSON has it, piece by piece, into a file."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._rest = b""

    def add(self, text: bytes) -> None:
        text = (self._rest + text).replace(b"\\/", b"/").replace(b"\\n", b"")
        whole = 0 if len(text) < 8 else (len(text) - 4) // 4 * 4  # the end waits: an escape may be cut by it
        self._rest = text[whole:]
        self._write(text[:whole])

    def close(self) -> None:
        self._write(self._rest)

    def _write(self, text: bytes) -> None:
        try:
            self._target.write(base64.b64decode(text, validate=True))
        except ValueError:
            raise InvalidFileError(
                "The picture packed into the file (imageData) is not Base64: add the image file."
            ) from None

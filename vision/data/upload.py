"""The files of one upload, and finding among them the one an `image_url` means."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

IMAGE_NAMES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")


def is_image_name(file: str) -> bool:
    """Whether a file is called like an image."""
    return file.lower().endswith(IMAGE_NAMES)


class ImageNotFoundError(LookupError):
    """An `image_url` that leads to no file of the upload. `str()` says why and what is near."""


class Outside(Protocol):
    """Images that lie elsewhere: in a datastore an administrator mapped, at an address an administrator allows."""

    def find(self, url: str) -> str | None:
        """The image's name (it begins with `OUTSIDE`), or None where the address is not ours to answer.

        Raises:
            ImageNotFoundError: the address is ours, and the image is not there or not allowed. `str()` says why.
        """

    def explain(self, url: str) -> str:
        """Why an address that `find` left alone is not ours, and what would make it so; a sentence or two, or ""."""

    def path(self, name: str) -> Path:
        """Where the image lies on disk, fetched if need be.

        Raises:
            InvalidImageError: it cannot be fetched; the message says why.
        """


_NOT_FETCHED = "Images are taken from the upload, not fetched: pack them with the labels."
OUTSIDE = "@"
"""What names of images from outside begin with; no file of an upload does."""


class Upload:
    """A folder on disk and the relative paths of its files (`/` between folders).

    `names` are the same files to look one up in. `spare` is a folder of our own for pictures that are packed into other
    files.
    """

    def __init__(
        self, root: Path, files: Sequence[str], outside: Outside | None = None, spare: Path | None = None
    ) -> None:
        self.root = root
        self._outside = outside
        self._spare = spare
        self._embedded: dict[str, Path] = {}
        self.files = list(files)
        self.names = frozenset(files)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for file in files:
            self._by_name[posixpath.basename(file)].append(file)

    def __contains__(self, file: str) -> bool:
        return file in self.names

    def path(self, file: str) -> Path:
        """Where a file of the upload, or an image from outside it, lies on disk.

        Raises:
            InvalidImageError: an image from outside cannot be fetched.
        """
        if self._outside is not None and file.startswith(OUTSIDE) and file not in self.names:
            return self._outside.path(file)
        return self._embedded.get(file) or self.root / file

    def unpack_embedded(self, names: Iterable[str], write: Callable[[Path], None]) -> str:
        """Have a picture that is packed into another file written to a file of its own, under the first of the `names`
        that is free; that one. What `write` raises leaves nothing.

        Raises:
            ImageNotFoundError: there is no folder for it.
        """
        if self._spare is None:
            raise ImageNotFoundError("The picture packed into the file is not taken out: add the image file.")
        name = next(name for name in names if name not in self.names and name not in self._embedded)
        self._spare.mkdir(exist_ok=True)
        path = self._spare / str(len(self._embedded))
        try:
            write(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._embedded[name] = path
        return name

    def resolve(self, url: str, base: str) -> str:
        """The file an `image_url` means, seen from the folder `base` ("" is the root).

        A relative path is tried from `base`, then from each folder above it. An address
        (`azureml://…/paths/<p>`, `AmlDatastore://<d>/<p>`, `wasbs://`, `abfss://`, `adl://`, `https://`, `file://`) or
        an absolute path is matched by its longest end that names exactly one file. What the upload does not hold is
        looked for in the datastores and at the hosts an administrator allows.

        Raises:
            ImageNotFoundError: no file, or several that fit equally well.
        """
        scheme, path = split_address(url)
        if scheme or path.startswith("/"):
            return self._match_address(path, url)
        return self._match_relative(path, base, url)

    def find(self, name: str, base: str) -> str:
        """The image an annotation file names where the format keeps images and annotations apart (COCO, VOC, …).

        As `resolve`, and failing that the one file whose path ends most like `name`.

        Raises:
            ImageNotFoundError: no file, or several that fit equally well.
        """
        try:
            return self.resolve(name, base)
        except ImageNotFoundError:
            scheme, path = split_address(name)
            if scheme or path.startswith("/"):
                raise  # its end was looked for already
            return self._match_end(path, name)

    @cached_property
    def images(self) -> list[str]:
        """The files that have an image's name, in order."""
        return [file for file in self.files if is_image_name(file)]

    def _match_relative(self, path: str, base: str, url: str) -> str:
        folder = base
        while True:
            for candidate in dict.fromkeys((path, unquote(path))):
                file = posixpath.normpath(posixpath.join(folder, candidate))
                if file in self.names:
                    return file
            if not folder:
                raise ImageNotFoundError(f"{url} is not in the upload.{self._suggest(path)}")
            folder = posixpath.dirname(folder)

    def _match_address(self, path: str, url: str) -> str:
        try:
            return self._match_end(path, url)
        except ImageNotFoundError as missing:
            found = self._outside.find(url) if self._outside is not None else None
            if found is None:
                reason = self._outside.explain(url) if self._outside is not None else _NOT_FETCHED
                raise ImageNotFoundError(f"{missing} {reason}".strip()) from None
            return found

    def _match_end(self, path: str, url: str) -> str:
        for candidate in dict.fromkeys((path, unquote(path))):
            found = self._longest_matches(candidate)
            if len(found) == 1:
                return found[0]
            if found:
                raise ImageNotFoundError(f"{url} fits {len(found)} files of the upload: {found[0]}, {found[1]}.")
        raise ImageNotFoundError(f"{url} is not in the upload: no file there ends like it.")

    def _longest_matches(self, path: str) -> list[str]:
        wanted = [part for part in path.split("/") if part not in ("", ".")]
        if not wanted:
            return []
        candidates = self._by_name.get(wanted[-1], [])
        lengths = [_common_end(wanted, file.split("/")) for file in candidates]
        return [file for file, length in zip(candidates, lengths, strict=True) if length == max(lengths)]

    def _suggest(self, path: str) -> str:
        near = self._longest_matches(path)
        if not near:
            return ""
        return f" There is {near[0]}" + (f" and {len(near) - 1} more of that name." if len(near) > 1 else ".")


def split_address(url: str) -> tuple[str, str]:
    """The scheme ("" for a path) and the path that may be matched against the upload."""
    url = url.strip().replace("\\", "/")
    if len(url) > 1 and url[1] == ":":  # C:/photos/a.jpg
        return "", "/" + url[2:].lstrip("/")
    if "://" not in url:
        return "", url
    scheme, _, rest = url.partition("://")
    if scheme.lower() == "azureml" and "/paths/" in rest:
        return scheme, rest.split("/paths/", 1)[1]
    try:
        return scheme, urlsplit(url).path if scheme.lower() in ("http", "https") else rest.partition("/")[2]
    except ValueError:
        return scheme, ""


def _common_end(first: list[str], second: list[str]) -> int:
    length = 0
    for left, right in zip(reversed(first), reversed(second), strict=False):
        if left != right:
            break
        length += 1
    return length

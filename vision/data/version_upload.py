"""Annotation files that came without images, seen together with the images of a version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from vision.data.upload import ImageNotFoundError, Upload, split_address


class VersionUpload(Upload):
    """The files of an upload and a version's images, which are fetched only where a reader opens one.

    `images` has the name of each image in an export, with its hash. `fetch` gives an image's file by its hash.
    """

    def __init__(self, upload: Upload, images: dict[str, str], fetch: Callable[[str], Path]) -> None:
        self._hashes = {name: sha256 for name, sha256 in images.items() if name not in upload}
        super().__init__(upload.root, [*upload.files, *self._hashes])
        self._fetch = fetch

    def path(self, file: str) -> Path:
        """Where a file lies on disk; a version's image is fetched.

        Raises:
            InvalidImageError: it cannot be fetched.
        """
        sha256 = self._hashes.get(file)
        return self._fetch(sha256) if sha256 is not None else super().path(file)

    def resolve(self, url: str, base: str) -> str:
        """As `find`: the images lie in no folder of the upload, so only their names tell."""
        return self.find(url, base)

    def find(self, name: str, base: str) -> str:
        """A file of the upload seen from `base`, else the image whose whole name ends the path, else the nearest end.

        Raises:
            ImageNotFoundError: no image, or several that fit equally well.
        """
        scheme, path = split_address(name)
        if not scheme and not path.startswith("/"):
            try:
                return self._match_relative(path, base, name)
            except ImageNotFoundError:
                pass
        return self._find_whole(path) or self._find_whole(unquote(path)) or self._match_end(path, name)

    def _find_whole(self, path: str) -> str | None:
        """`images/train/a.jpg` means the image `a.jpg` rather than `b/a.jpg`, and `train/a.jpg` rather than both."""
        parts = [part for part in path.split("/") if part]
        names = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((name for name in names if name in self._hashes), None)

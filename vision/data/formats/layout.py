"""What the paths of an upload say: splits in folder names, images with the name of an annotation file."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from vision.data.split_names import read_split
from vision.data.upload import ImageNotFoundError, Upload


def read_folder_split(path: str) -> str:
    """The split whose name is that of a folder the file lies in, the nearest first; "" where none is."""
    for folder in reversed(path.split("/")[:-1]):
        split = read_split(folder)
        if split:
            return split
    return ""


def get_stem(path: str) -> str:
    """The name of a file without folders and extension."""
    return posixpath.splitext(posixpath.basename(path))[0]


class ImageStems:
    """The images of an upload by their stem; the index is made when it is first asked."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def list_images(self, stem: str) -> Sequence[str]:
        """All images of that stem, in order."""
        return self._by_stem.get(stem, ())

    def find(self, stem: str, folders: Sequence[str]) -> str:
        """The image of that stem: in the first of `folders` that has one, else the only one there is.

        Raises:
            ImageNotFoundError: none, or several elsewhere.
        """
        found = self.list_images(stem)
        for folder in folders:
            for image in found:
                if posixpath.dirname(image) == folder:
                    return image
        if len(found) == 1:
            return found[0]
        if found:
            raise ImageNotFoundError(f"{stem} fits {len(found)} images of the upload: {found[0]}, {found[1]}.")
        raise ImageNotFoundError(f"No image of the upload is called {stem}.")

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        by_stem: dict[str, list[str]] = defaultdict(list)
        for image in self._upload.images:
            by_stem[get_stem(image)].append(image)
        return by_stem

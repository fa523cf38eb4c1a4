"""Which files hold whose pretrained weights, and whether a file holds plain tensors. Nothing here loads torch."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.errors import InvalidUploadError

SUFFIXES = (".safetensors", ".pth", ".pt")
_MOST_HEADER = 100 * 2**20  # what the format allows
_INSPECTION_SECONDS = 300


@dataclass(frozen=True)
class WeightsFile:
    """A file in a folder of weights, and the architectures that would start from it."""

    path: Path
    bytes: int
    architectures: tuple[str, ...]


def match_architectures(file_name: str) -> list[ArchitectureInfo]:
    """The architectures whose pretrained weights may be called so."""
    return [info for info in ARCHITECTURES if any(fnmatch(file_name, one) for one in info.pretrained.file_names)]


def list_weights_files(folder: Path) -> list[WeightsFile]:
    """The files of a folder that some architecture would start from, by name; empty where there is no folder."""
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        names = tuple(info.name for info in match_architectures(path.name))
        if names and path.is_file():
            found.append(WeightsFile(path, path.stat().st_size, names))
    return found


def check_tensor_file(path: Path, name: str) -> int:
    """The number of tensors in a file that was given as `name`.

    A safetensors file is judged by its header; a PyTorch file in a process of its own, which loads nothing but tensors.

    Raises:
        InvalidUploadError: it is neither, or holds anything else.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidUploadError(
            f"{name} is no file of weights.",
            hint=f"Upload a file ending in {', '.join(SUFFIXES)}.",
            code="wrong_suffix",
        )
    return _count_safetensors(path, name) if suffix == ".safetensors" else _count_in_process(path, name)


def _count_safetensors(path: Path, name: str) -> int:
    """Source: the safetensors format: eight bytes of length, a JSON header, the bytes of the tensors."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, _MOST_HEADER):
                raise ValueError("its header is longer than the file")
            header = json.loads(file.read(length))
        tensors = {key: value for key, value in header.items() if key != "__metadata__"}
        end = max((int(value["data_offsets"][1]) for value in tensors.values()), default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error) as error:
        raise _refuse(name, f"its header cannot be read ({error})") from error
    if not tensors or 8 + length + end != size:
        raise _refuse(name, "it holds no tensors" if not tensors else "it is cut off, or longer than it says")
    return len(tensors)


def _count_in_process(path: Path, name: str) -> int:
    command = [sys.executable, "-m", "vision.architectures.inspect", str(path)]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_INSPECTION_SECONDS, check=False)
        told = json.loads(answer.stdout or b"{}")
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise _refuse(name, "looking into it did not end well") from error
    if "tensors" not in told:
        raise _refuse(name, str(told.get("error") or "looking into it did not end well"))
    return int(told["tensors"])


def _refuse(name: str, reason: str) -> InvalidUploadError:
    return InvalidUploadError(
        f"{name} was refused: {reason}.",
        hint="Save the weights with safetensors, or torch.save of a state_dict; pickled objects are never loaded.",
        code="no_tensors",
    )

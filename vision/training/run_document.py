"""What a training process is asked to do: one JSON file, written by whoever starts it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vision.errors import Detail, InvalidDocumentError


class RunDocument(BaseModel):
    """One training attempt.

    `parameters` are resolved values under their canonical names. `train`, `validation` and `test` are Parquet files
    with the manifest's columns; a row's image is `images_dir/blobs/<first two of sha256>/<sha256>`.
    `attempt` is the attempt's token: the process stops when the file at `lease_path` grows old or holds another.
    `resume_from` is a checkpoint written by an earlier attempt of the same run. `start_from` is what another run of the
    same architecture left, in place of the published weights: `outputs/model.safetensors` or a checkpoint, whose best
    weights are taken; with `continue_start` it is a checkpoint that this run goes on from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    version: int = 1
    task_type: str
    architecture: str
    parameters: dict[str, Any]
    label_names: list[str]
    train: Path
    validation: Path
    test: Path | None = None
    images_dir: Path
    cache_dir: Path
    weights_dir: Path | None = None
    offline: bool = False
    output_dir: Path
    checkpoint_dir: Path
    events_path: Path
    lease_path: Path | None = None
    attempt: str = ""
    resume_from: Path | None = None
    start_from: Path | None = None
    continue_start: bool = False
    primary_metric: str = "accuracy"

    def write(self, path: Path) -> None:
        """Write the document so that a reader sees all of it or none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".tmp")
        with draft.open("w", encoding="utf-8") as file:
            file.write(self.model_dump_json(indent=2))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> RunDocument:
        """The document at `path`.

        Raises:
            InvalidDocumentError: it is missing or breaks the schema.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InvalidDocumentError(f"The run document {path} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            details = [
                Detail(item["msg"], path=".".join(str(part) for part in item["loc"]), file=str(path))
                for item in error.errors()
            ]
            raise InvalidDocumentError(f"The run document {path} breaks its schema.", details=details) from error

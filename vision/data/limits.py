"""What an import refuses, each limit with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.errors import InvalidDatasetError

MIB = 1 << 20
GIB = 1 << 30
MOST_PIXELS = 100_000_000
Count = Annotated[int, Field(ge=1)]


class ImportLimits(BaseModel):
    """The bounds of one import. All sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_training_images: Count = Field(
        default=10, description="Azure refuses a job on fewer training images; nothing useful is learnt from less."
    )
    max_entries: Count = Field(default=2_000_000, description="Files in one archive or folder.")
    max_unpacked_bytes: Count = Field(default=200 * GIB, description="All files of one archive together, unpacked.")
    max_file_bytes: Count = Field(default=4 * GIB, description="One file of an archive, unpacked.")
    max_ratio: Count = Field(
        default=200, description="Unpacked over packed: photos stay under 2, text under 50, a bomb is over 1000."
    )
    ratio_grace_bytes: Count = Field(
        default=256 * MIB,
        description="Below this much unpacked the ratio is not judged: a few blank pictures pack very well.",
    )
    keep_free_bytes: Count = Field(
        default=512 * MIB, description="Disk space an import leaves for everything else on the machine."
    )
    max_path_bytes: Count = Field(default=1024, description="One path inside an archive.")
    max_path_depth: Count = Field(default=64, description="Folders within folders.")
    max_line_bytes: Count = Field(
        default=8 * MIB, description="One line of a JSONL file or one annotation file of an image: 500,000 points."
    )
    max_image_bytes: Count = Field(default=256 * MIB, description="One image file: it is read whole.")
    max_image_pixels: Count = Field(
        default=MOST_PIXELS,
        le=MOST_PIXELS,
        description="One image, decoded: three to four bytes a pixel. Darkroom opens none above 100 million anywhere.",
    )
    max_label_length: Count = Field(default=200, description="One class name, in characters.")
    max_labels: Count = Field(default=10_000, description="Class names in one dataset.")
    max_objects: Count = Field(default=20_000, description="Boxes or instances on one image.")
    max_points: Count = Field(
        default=200_000, description="Points of all polygons of one image: a mask's outline has a few thousand."
    )
    max_report_rows: Count = Field(
        default=1_000, description="Errors, and as many warnings, kept with the version; all are counted."
    )
    max_findings: Count = Field(default=50_000, description="Findings of one kind that the report lists.")


DEFAULT_LIMITS = ImportLimits()
VARIABLE_PREFIX = "STUDIO_LIMIT_"


def read_limits(variables: Mapping[str, str]) -> ImportLimits:
    """The limits an administrator set: `STUDIO_LIMIT_MAX_LABELS=20000` and so on; the rest are the defaults.

    Raises:
        InvalidDatasetError: a variable that names no limit, or whose value is no number from 1 on.
    """
    given = {name: value for name, value in variables.items() if name.startswith(VARIABLE_PREFIX)}
    try:
        return ImportLimits.model_validate(
            {name.removeprefix(VARIABLE_PREFIX).lower(): value for name, value in given.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{VARIABLE_PREFIX}{str(first['loc'][0]).upper()}"
        known = ", ".join(VARIABLE_PREFIX + field.upper() for field in ImportLimits.model_fields)
        raise InvalidDatasetError(
            f"{name}={given.get(name, '')!r} is no limit Darkroom knows, or not one of its values: {first['msg']}.",
            hint=f"Known are: {known}.",
            code="invalid_limit",
        ) from None

"""What a user may decide about an import. Forms, REST and help pages are drawn from this one table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vision.data.patterns import check_pattern
from vision.errors import Detail, InvalidDatasetError

Share = Annotated[float, Field(ge=0, lt=1)]


class ImportSettings(BaseModel):
    """The settings of one import; every field has its sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invalid_lines: Literal["drop", "error"] = Field(
        default="drop",
        title="Rows that cannot be used",
        description="drop leaves them out; error fails the import instead.",
    )
    max_errors: int | None = Field(
        default=None,
        ge=0,
        title="Errors at most",
        description="More errors than this fail the import. Empty: any number.",
    )
    unlabelled: Literal["keep", "background", "drop"] = Field(
        default="keep",
        title="Images without a label",
        description="keep shows them and never trains on them; background says there is nothing on them.",
    )
    coordinates: Literal["relative", "pixels"] = Field(
        default="relative",
        title="Coordinates of JSON Lines",
        description="relative is 0–1 as Azure writes them; pixels are divided by the image's size.",
    )
    split: Literal["as_found", "assign"] = Field(
        default="as_found",
        title="Splits",
        description="As found keeps what folders, files and columns say; assign makes new ones by the shares below.",
    )
    validation_fraction: Share = Field(default=0.2, title="Validation share", description="Of all images, 0–1.")
    test_fraction: Share = Field(
        default=0.0, title="Test share", description="Of all images, 0–1. Scored once, at the end."
    )
    seed: int = Field(default=0, ge=0, lt=2**31, title="Seed", description="The same seed gives the same splits.")
    group_column: str = Field(
        default="",
        max_length=100,
        title="Group column",
        description="Rows with the same value in this column stay in one split: a patient, a part, a day.",
    )
    group_pattern: str = Field(
        default="",
        max_length=200,
        title="Group pattern",
        description="A regular expression over the path (RE2); what its first group matches stays in one split.",
    )
    keeps_near_duplicates_together: bool = Field(
        default=True, title="Near-duplicates stay together", description="Never splits pictures that look the same."
    )
    near_duplicate_distance: int = Field(
        default=4,
        ge=0,
        le=16,
        title="Near-duplicate distance",
        description="Bits of 64 in which two such pictures may differ.",
    )

    @field_validator("group_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        if pattern:
            check_pattern(pattern)
        return pattern

    @model_validator(mode="after")
    def _leaves_training(self) -> ImportSettings:
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction and test_fraction leave nothing to train on")
        return self


def read_settings(values: dict[str, Any]) -> ImportSettings:
    """Settings from a form or a document; empty text means the default.

    Raises:
        InvalidDatasetError: every setting that is wrong, by its name.
    """
    given = {name: value for name, value in values.items() if value != ""}
    try:
        return ImportSettings.model_validate(given)
    except ValidationError as error:
        details = [_to_detail(one["msg"], one["loc"]) for one in error.errors()]
        what = "; ".join(f"{detail.path}: {detail.message}" if detail.path else detail.message for detail in details)
        raise InvalidDatasetError(
            f"The import settings are wrong: {what}.",
            hint=f"Settings are: {', '.join(ImportSettings.model_fields)}.",
            code="invalid_settings",
            details=details,
        ) from None


def _to_detail(message: str, place: tuple[Any, ...]) -> Detail:
    return Detail(message.removeprefix("Value error, "), code="invalid_setting", path=".".join(map(str, place)))

"""`settings.json` beside a registered model: what inference may be told (SPEC §8.2)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vision.catalog.architectures import ARCHITECTURES
from vision.errors import Detail
from vision.spec.validation import invalid, validate

_ALIASES = {
    "training_crop_size": "train_crop_size",
    "validation_resize_size": "valid_resize_size",
    "validation_crop_size": "valid_crop_size",
}


class InferenceSettings(BaseModel):
    """Classification's image sizes, in pixels: the shorter side is resized, then the centre square is cropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_crop_size: int = Field(224, ge=1, le=4096)
    valid_resize_size: int = Field(256, ge=1, le=4096)
    valid_crop_size: int = Field(224, ge=1, le=4096)

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {_ALIASES.get(key, key): value for key, value in values.items()}

    @model_validator(mode="after")
    def _check_crop(self) -> InferenceSettings:
        if self.valid_crop_size > self.valid_resize_size:
            raise ValueError(
                f"valid_crop_size {self.valid_crop_size} is larger than valid_resize_size {self.valid_resize_size}: "
                "the crop is taken from the resized image."
            )
        return self

    def check_architecture(self, architecture: str) -> None:
        """Whether the network takes these sizes.

        Raises:
            InvalidDocumentError: a vision transformer was given another crop than the one it was built for.
        """
        only = ARCHITECTURES.get(architecture).square_crop
        if only is None:
            return
        sizes = {"train_crop_size": self.train_crop_size, "valid_crop_size": self.valid_crop_size}
        problems = [
            Detail(f"{architecture} takes {only} only, not {size}.", path=name)
            for name, size in sizes.items()
            if size != only
        ]
        if problems:
            raise invalid("The inference settings", problems)


def parse_settings(values: dict[str, Any], architecture: str) -> InferenceSettings:
    """Checked settings for a model of that architecture.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    settings = validate(InferenceSettings, values, "The inference settings")
    settings.check_architecture(architecture)
    return settings

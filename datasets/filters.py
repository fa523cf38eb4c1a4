"""Which images of a version a page, a call or an action is about: as an address says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import QueryDict
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vision.data.filtering import RowFilter
from vision.data.ordering import SORTS
from vision.errors import InvalidDocumentError

_MOST_ROWS = 200_000  # numbers that one address or form may name
_SPAN = re.compile(r"\s*(\d{1,12})(?:\s*-\s*(\d{1,12}))?\s*")
_SORT_NAMES = frozenset(sort for name in SORTS for sort in (name, f"-{name}"))


class ItemQuery(BaseModel):
    """The filter and order of a list of images, under the names they have in an address. Empty asks nothing."""

    model_config = ConfigDict(extra="ignore")

    label: list[str] = Field(default=[], description="Images with any of these labels", max_length=1000)
    match: Literal["any", "all"] = Field(default="any", description="`all`: images with every one of the labels")
    split: str = ""
    search: str = Field(default="", description="Words that stand in the path or in a label", max_length=500)
    problem: str = Field(default="", description="The code of a finding about the image")
    unlabelled: bool = Field(default=False, description="Images that nobody labelled")
    rows: str = Field(default="", description="Row numbers: `3,7,10-20`")
    objects_min: int | None = Field(default=None, ge=0, le=10**9)
    objects_max: int | None = Field(default=None, ge=0, le=10**9)
    width_min: int | None = Field(default=None, ge=0, le=10**9, description="px")
    width_max: int | None = Field(default=None, ge=0, le=10**9)
    height_min: int | None = Field(default=None, ge=0, le=10**9)
    height_max: int | None = Field(default=None, ge=0, le=10**9)
    longest_min: int | None = Field(default=None, ge=0, le=10**9, description="px of the longer side")
    longest_max: int | None = Field(default=None, ge=0, le=10**9)
    bytes_min: int | None = Field(default=None, ge=0, le=10**15)
    bytes_max: int | None = Field(default=None, ge=0, le=10**15)
    sort: str = Field(default="row", description=f"One of {', '.join(SORTS)}; with a minus for the largest first")

    @field_validator("*", mode="before")
    @classmethod
    def _take_empty_as_unset(cls, value: Any, info: Any) -> Any:
        if isinstance(value, list):
            return [one for one in dict.fromkeys(value) if one not in ("", None)]
        return cls.model_fields[info.field_name].get_default(call_default_factory=True) if value == "" else value

    @field_validator("sort")
    @classmethod
    def _know_sort(cls, value: str) -> str:
        if value not in _SORT_NAMES:
            raise ValueError(f"Images can be sorted by {', '.join(SORTS)}.")
        return value

    @field_validator("rows")
    @classmethod
    def _read_rows(cls, value: str) -> str:
        read_rows(value)
        return value

    @property
    def is_filtered(self) -> bool:
        return any(name != "sort" for name in self.to_params())

    def to_filter(self) -> RowFilter:
        given = self.model_dump(exclude={"label", "match", "rows", "sort"})
        rows = tuple(read_rows(self.rows)) if self.rows else None
        return RowFilter(labels=tuple(self.label), all_labels=self.match == "all", rows=rows, **given)

    def to_params(self) -> dict[str, Any]:
        """What is asked, by its name in an address."""
        params = self.model_dump(exclude_defaults=True)
        if len(self.label) < 2:
            params.pop("match", None)
        return params | ({"unlabelled": 1} if self.unlabelled else {})

    def to_address(self) -> str:
        return urlencode(self.to_params(), doseq=True)


def read_rows(text: str) -> list[int]:
    """The row numbers of `3,7,10-20`, each once, in order.

    Raises:
        ValueError: not numbers, or too many.
    """
    numbers: set[int] = set()
    for part in filter(str.strip, text.split(",")):
        span = _SPAN.fullmatch(part)
        if span is None:
            raise ValueError(f"{part.strip()[:40]!r} is no row number and no span of them such as 10-20.")
        first, last = int(span[1]), int(span[2] or span[1])
        if last - first >= _MOST_ROWS or len(numbers) + last - first >= _MOST_ROWS:
            raise ValueError(f"Over {_MOST_ROWS:,} rows are named; use a filter for so many.")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def read_query(params: QueryDict) -> ItemQuery:
    """The filter in a page's address. What cannot be understood is left out: an old link still shows something."""
    given = _to_fields(params)
    try:
        return ItemQuery.model_validate(given)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        return ItemQuery.model_validate({name: value for name, value in given.items() if name not in wrong})


def read_selection(form: QueryDict) -> ItemQuery:
    """The images a posted form is about: `matching`, the address query of a filter, or `rows`, once or many times.

    Raises:
        InvalidDocumentError: nothing is chosen, or what is cannot be understood.
    """
    try:
        if "matching" in form:
            return ItemQuery.model_validate(_to_fields(QueryDict(str(form["matching"]))))
        rows = ",".join(form.getlist("rows"))
        if read_rows(rows):
            return ItemQuery(rows=rows)
    except ValueError as error:  # pydantic's ValidationError is one
        raise InvalidDocumentError(
            "The choice of images cannot be understood.", hint=f"Go back and choose them again. ({error})"
        ) from None
    raise InvalidDocumentError("No image is chosen.", hint="Choose images on the Images page first.")


def _to_fields(params: QueryDict) -> Mapping[str, Any]:
    fields: dict[str, Any] = {name: str(params[name]).strip() for name in ItemQuery.model_fields if name in params}
    if "label" in params:
        fields["label"] = params.getlist("label")
    return fields

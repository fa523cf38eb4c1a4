"""The scoring request (SPEC §3.1, §3.3): what a client sends, and the same made for it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vision.errors import Detail, InvalidDocumentError
from vision.spec.validation import invalid, validate

MAX_ITEMS = 1000
_EXAMPLE = '{"input_data": {"columns": ["image"], "data": ["<base64 of an image file>"]}}'


class XaiParameters(BaseModel):
    """How a prediction is to be explained (SPEC §10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    xai_algorithm: Literal["xrai", "integrated_gradients", "guided_gradcam", "guided_backprop"] = "xrai"
    visualizations: bool = True
    attributions: bool = False
    n_steps: int = Field(50, ge=2, le=10_000)
    xrai_fast: bool = True
    approximation_method: Literal["riemann_middle", "gausslegendre"] = "riemann_middle"
    confidence_score_threshold_multilabel: float = Field(0.5, ge=0, le=1)


@dataclass(frozen=True)
class ScoringItem:
    """One image file's bytes, and how to explain its prediction (None: not at all)."""

    image: bytes
    xai: XaiParameters | None = None


def parse_scoring_request(body: bytes) -> list[ScoringItem]:
    """The items of a request body, in order.

    Rows may be bare strings or one-element lists; base64 may hold whitespace and a `data:` prefix; an item that
    starts with a brace is a JSON object with `image_base64`, `model_explainability` and `xai_parameters`.

    Raises:
        InvalidDocumentError: with one detail for each bad item, named `input_data.data[i]`.
    """
    rows = _read_rows(body)
    items: list[ScoringItem] = []
    problems: list[Detail] = []
    for index, row in enumerate(rows):
        try:
            items.append(_parse_row(row))
        except InvalidDocumentError as error:
            problems += _at(f"input_data.data[{index}]", error)
    if problems:
        raise invalid("The scoring request", problems)
    return items


def build_scoring_request(images: Sequence[bytes], xai: dict[str, Any] | None = None) -> dict[str, Any]:
    """The request for these image files, explained with the given `xai_parameters` (None: not explained)."""
    texts = [base64.b64encode(image).decode("ascii") for image in images]
    if xai is not None:
        texts = [
            json.dumps({"image_base64": text, "model_explainability": True, "xai_parameters": xai}) for text in texts
        ]
    return {"input_data": {"columns": ["image"], "index": list(range(len(texts))), "data": texts}}


def _read_rows(body: bytes) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(f"The request body is not JSON: {error}.", hint=f"Send {_EXAMPLE}.") from None
    data = document.get("input_data") if isinstance(document, dict) else None
    rows = data.get("data") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not rows:
        raise InvalidDocumentError(
            "The request holds no images.",
            hint=f"Send {_EXAMPLE}.",
            details=[Detail("Must be a list with one entry an image.", path="input_data.data")],
        )
    columns = data.get("columns", ["image"]) if isinstance(data, dict) else ["image"]
    if columns != ["image"]:
        raise InvalidDocumentError(
            "The request's columns are not the ones of an image model.",
            details=[Detail(f'Must be ["image"], not {columns!r}.', path="input_data.columns")],
        )
    if len(rows) > MAX_ITEMS:
        raise InvalidDocumentError(f"The request holds {len(rows)} images; at most {MAX_ITEMS} may be sent at once.")
    return rows


def _parse_row(row: Any) -> ScoringItem:
    if isinstance(row, list) and len(row) == 1:
        row = row[0]
    if isinstance(row, str) and row.lstrip().startswith("{"):
        try:
            row = json.loads(row)
        except (ValueError, RecursionError) as error:
            raise _problem(f"Starts with a brace but is not JSON: {error}.") from None
    if isinstance(row, dict):
        return _parse_object(row)
    if not isinstance(row, str):
        raise _problem("Must be the base64 text of an image file.")
    return ScoringItem(_decode(row))


def _parse_object(item: dict[str, Any]) -> ScoringItem:
    text = item.get("image_base64")
    if not isinstance(text, str):
        raise _problem("Must be the base64 text of an image file.", "image_base64")
    unknown = sorted(set(item) - {"image_base64", "model_explainability", "xai_parameters"})
    if unknown:
        raise _problem("There is no such key.", unknown[0])
    wanted = item.get("model_explainability", False)
    if not isinstance(wanted, bool):
        raise _problem(f"Must be true or false, not {wanted!r}.", "model_explainability")
    parameters = item.get("xai_parameters") or {}
    if not isinstance(parameters, dict):
        raise _problem("Must be an object.", "xai_parameters")
    if not wanted:
        return ScoringItem(_decode(text))
    try:
        xai = validate(XaiParameters, parameters, "xai_parameters")
    except InvalidDocumentError as error:
        raise InvalidDocumentError(error.message, details=_at("xai_parameters", error)) from None
    return ScoringItem(_decode(text), xai)


def _decode(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        image = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _problem(f"Is not base64: {error}.") from None
    if not image:
        raise _problem("Holds no bytes.")
    return image


def _problem(message: str, path: str | None = None) -> InvalidDocumentError:
    return InvalidDocumentError(message, details=[Detail(message, path=path)])


def _at(prefix: str, error: InvalidDocumentError) -> list[Detail]:
    details = error.details or [Detail(error.message)]
    return [Detail(item.message, item.code, f"{prefix}.{item.path}" if item.path else prefix) for item in details]

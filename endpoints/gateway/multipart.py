"""Image files of a multipart form as the JSON body that model servers take."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, QueryDict

from vision.catalog.explainers import EXPLAINERS
from vision.errors import InvalidDocumentError
from vision.spec.scoring import build_scoring_request

MULTILABEL_THRESHOLD = "confidence_score_threshold_multilabel"
_TRUE = {"1", "true", "on", "yes"}


def body_from_form(request: HttpRequest) -> bytes:
    """Every file of the form is one image; `xai_algorithm` and its parameters may stand beside them.

    Raises:
        InvalidDocumentError: no file, or a parameter that cannot be read.
    """
    files = [file for _, found in request.FILES.lists() for file in found]
    if not files:
        raise InvalidDocumentError(
            "The form holds no image file.", hint="Send one or more files: curl -F image=@photo.jpg"
        )
    images = [file.read() for file in files]
    return json.dumps(build_scoring_request(images, read_xai(request.POST))).encode()


def read_xai(form: QueryDict) -> dict[str, Any] | None:
    """The explanation asked for by form fields, None where no algorithm is chosen."""
    algorithm = form.get("xai_algorithm", "")
    if not algorithm:
        return None
    info = EXPLAINERS.get(algorithm)
    xai: dict[str, Any] = {
        "xai_algorithm": algorithm,
        "visualizations": _flag(form.get("visualizations", "true")),
        "attributions": _flag(form.get("attributions", "false")),
    }
    for parameter in info.parameters:
        # A form that shows several algorithms at once tells their fields apart by the algorithm's name.
        for field in (f"{algorithm}-{parameter.name}", parameter.name):
            if form.get(field):
                xai[parameter.name] = _value(parameter.kind, str(form[field]))
                break
            if f"{field}-shown" in form and parameter.kind == "bool":
                xai[parameter.name] = False  # an unticked box sends nothing
                break
    if form.get(MULTILABEL_THRESHOLD):
        xai[MULTILABEL_THRESHOLD] = _value("float", str(form[MULTILABEL_THRESHOLD]))
    return xai


def _value(kind: str, text: str) -> Any:
    if kind == "bool":
        return _flag(text)
    # The model server checks the range and says what is wrong; here only what a form field means.
    if kind == "int" and text.strip().lstrip("-").isdecimal():
        return int(text)
    if kind == "float":
        with suppress(ValueError):
            return float(text)
    return text


def _flag(text: str) -> bool:
    return text.strip().lower() in _TRUE

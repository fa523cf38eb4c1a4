"""The Test tab: one image through the same gateway as everybody's requests."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from datasets import storage
from datasets.selectors import manifest_path
from endpoints import selectors
from endpoints.gateway.multipart import MULTILABEL_THRESHOLD, read_xai
from endpoints.gateway.score import score_request
from endpoints.models import Endpoint
from endpoints.views.answers import read_answer
from endpoints.views.context import base_context
from models_registry.http import page
from vision.catalog.explainers import EXPLAINERS
from vision.catalog.task_types import OBJECT_TASKS, TaskType
from vision.data.filtering import RowFilter
from vision.data.images import make_thumbnail, open_image
from vision.data.query import query_rows
from vision.errors import InvalidDocumentError, UserError
from vision.spec.scoring import build_scoring_request

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SAMPLES = 12
_THRESHOLD = 0.5


@page
@require_POST
def answer(request: HttpRequest, name: str) -> HttpResponseBase:
    """Score the posted image; the answer alone for htmx, the whole tab without it."""
    endpoint = selectors.get_endpoint(name)
    context: dict[str, Any] = {"endpoint": endpoint}
    try:
        context |= _score(request, endpoint)
    except UserError as error:
        context["error"] = error.to_dict()
    if request.headers.get("HX-Request"):
        return render(request, "endpoints/_answer.html", context)
    context |= base_context(request, endpoint, "test") | test_context(endpoint, request.POST)
    return render(request, "endpoints/detail_test.html", context)


def test_context(endpoint: Endpoint, given: QueryDict) -> dict[str, Any]:
    """The form: algorithms with their parameters, deployments, images to choose from."""
    algorithm = given.get("xai_algorithm", "")
    served = {deployment.model_version.task_type for deployment in endpoint.deployments.all()}
    finds_objects = bool(served) and served <= set(OBJECT_TASKS)
    return {
        "explainers": [] if finds_objects else list(EXPLAINERS),
        "algorithm": algorithm,
        "chosen_deployment": given.get("deployment", ""),
        "chosen_sample": given.get("sample", ""),
        "samples": _list_samples(endpoint),
        "has_thresholds": TaskType.MULTILABEL in served,
        "finds_objects": finds_objects,
    }


def _score(request: HttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    image = _read_image(request)
    thumbnail = make_thumbnail(open_image(image), side=448)
    xai = read_xai(request.POST)
    body = json.dumps(build_scoring_request([image], xai)).encode()
    started = time.perf_counter()
    deployment = request.POST.get("deployment") or None
    scored = async_to_sync(score_request)(endpoint.name, body, key=None, deployment=deployment)
    milliseconds = (time.perf_counter() - started) * 1000
    picture = f"data:image/webp;base64,{base64.b64encode(thumbnail).decode()}"
    return {"picture": picture, "milliseconds": milliseconds, **read_answer(endpoint, scored, _read_threshold(xai))}


def _read_threshold(xai: dict[str, Any] | None) -> float:
    """The probability that explanations were asked for from, so that the labels given are those explained."""
    asked = (xai or {}).get(MULTILABEL_THRESHOLD, _THRESHOLD)
    return asked if isinstance(asked, float) else _THRESHOLD


def _read_image(request: HttpRequest) -> bytes:
    file = request.FILES.get("image")
    if file is not None:
        return bytes(file.read())
    sample = request.POST.get("sample", "")
    if _SHA256.fullmatch(sample) and storage.exists(storage.blob_key(sample)):
        return storage.read_bytes(storage.blob_key(sample))
    raise InvalidDocumentError("There is no image to score.", hint="Drop an image on the form, or choose one below it.")


def _list_samples(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Images to try: validation images of the data behind the first deployment's model."""
    for deployment in endpoint.deployments.select_related("model_version__trial__job__training_data__dataset"):
        trial = deployment.model_version.trial
        if trial is None:
            continue
        version = trial.job.validation_data or trial.job.training_data
        if not version.manifest_key or not storage.exists(version.manifest_key):
            continue
        manifest = manifest_path(version)
        held_out = query_rows(manifest, RowFilter(split="validation"), limit=_SAMPLES).rows
        rows = held_out or query_rows(manifest, limit=_SAMPLES).rows
        place = {"dataset": version.dataset.name, "number": version.number}
        return [{**place, "sha256": row["sha256"], "name": row["path"]} for row in rows]
    return []

"""The answer of a model as the Test tab shows it, by what the model's task type answers with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from endpoints.gateway.score import DEPLOYMENT_HEADER, Answer
from endpoints.models import Endpoint
from vision.catalog.task_types import TaskType

_SHOWN_LABELS = 10
_SHOWN_OF_MANY = 40  # where each label is a decision of its own
_LONGEST_TEXT = 120

Element = dict[str, Any]


def read_answer(endpoint: Endpoint, scored: Answer, threshold: float) -> dict[str, Any]:
    """The context of `_answer.html`. `threshold` is the probability from which multi-label labels count as given."""
    content = json.loads(scored.body)
    if scored.status != 200:
        return {"error": content["error"]}
    served_by = scored.headers.get(DEPLOYMENT_HEADER, "")
    timing = re.search(r"model;dur=([0-9.]+)", scored.headers.get("server-timing", ""))
    read = _READERS.get(_find_task_type(endpoint, served_by), _read_classes)
    return {
        **read(content[0], threshold),
        "served_by": served_by,
        "model_milliseconds": float(timing[1]) if timing else None,
        "json": json.dumps(_shorten(content), indent=2),
    }


def _read_classes(element: Element, threshold: float) -> dict[str, Any]:
    pairs = _sort_labels(element)
    picture = element.get("visualizations")
    explained = element.get("explained_label", pairs[0]["label"])
    return {
        "probabilities": pairs[:_SHOWN_LABELS],
        "more_labels": max(0, len(pairs) - _SHOWN_LABELS),
        "explanations": [_explanation(explained, picture, element.get("is_informative", True))] if picture else [],
    }


def _read_labels(element: Element, threshold: float) -> dict[str, Any]:
    pairs = [pair | {"is_given": pair["value"] >= threshold} for pair in _sort_labels(element)]
    shown = max(_SHOWN_OF_MANY, sum(pair["is_given"] for pair in pairs))
    pictures = element.get("visualizations")
    explanations = [
        _explanation(label, picture, is_informative)
        for label, picture, is_informative in zip(
            element.get("explained_labels", []), pictures or [], element.get("is_informative", []), strict=False
        )
    ]
    places = {pair["label"]: place for place, pair in enumerate(pairs)}
    return {
        "threshold": threshold,
        "probabilities": pairs[:shown],
        "more_labels": max(0, len(pairs) - shown),
        "given": [pair["label"] for pair in pairs if pair["is_given"]],
        "explanations": sorted(explanations, key=lambda explanation: places[explanation["label"]]),
        "has_nothing_to_explain": pictures == [],
    }


_READERS: dict[str, Callable[[Element, float], dict[str, Any]]] = {
    TaskType.CLASSIFICATION: _read_classes,
    TaskType.MULTILABEL: _read_labels,
}


def _find_task_type(endpoint: Endpoint, deployment: str) -> str:
    """The task type of the model behind a deployment; empty where it is gone."""
    found = (one.model_version.task_type for one in endpoint.deployments.all() if one.name == deployment)
    return next(found, "")


def _sort_labels(element: Element) -> list[dict[str, Any]]:
    """The labels with their probabilities, the highest first."""
    pairs = sorted(zip(element["labels"], element["probs"], strict=True), key=lambda pair: pair[1], reverse=True)
    return [{"label": label, "value": value} for label, value in pairs]


def _explanation(label: str, picture: str, is_informative: bool) -> dict[str, Any]:
    return {"label": label, "picture": f"data:image/png;base64,{picture}", "is_informative": is_informative}


def _shorten(value: Any) -> Any:
    """The answer as one can read it: long texts and arrays by their beginning."""
    if isinstance(value, dict):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], list):
        return f"array of shape {_shape(value)}"
    if isinstance(value, list):
        return [_shorten(item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:40]}… ({len(value)} characters)"
    return value


def _shape(value: Any) -> list[int]:
    return [len(value), *_shape(value[0])] if isinstance(value, list) and value else []

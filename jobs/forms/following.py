"""What a change of task or network takes with it, so that the form never keeps what it no longer shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.forms.augmentation import keep_switches
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES
from vision.spec.augmentations import list_switches
from vision.spec.model_names import trained_as
from vision.spec.parameters import documented_default, list_parameters


def follow_task(before: Mapping[str, Any], after: Mapping[str, Any], data: str) -> dict[str, Any]:
    """The document after its task was changed in the form: its metric, data of that task (`data`, empty for none
    there) and only the parameters that its network takes."""
    task_type = str(after.get("task"))
    if task_type == before.get("task") or task_type not in TASK_TYPES:
        return dict(after)
    document = {key: value for key, value in after.items() if key not in ("training_data", "validation_data")}
    document["primary_metric"] = TASK_TYPES.get(task_type).primary_metric
    if data:
        document["training_data"] = {"path": data, "type": "mltable"}
    return _without_strangers(_without_model(document))


def follow_network(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The document after another network was chosen in the form: only the parameters that this one takes."""
    is_same = _model_name(before) == _model_name(after)
    return dict(after) if is_same or after.get("task") not in TASK_TYPES else _without_strangers(dict(after))


def _without_strangers(document: dict[str, Any]) -> dict[str, Any]:
    """Without the parameters and the changes of images of other networks. Of a network that nobody knows nothing is
    known; its name stays."""
    given = document.get("training_parameters")
    if not isinstance(given, dict) or not (network := _network(document)):
        return document
    taken = {entry.name for entry in list_parameters(document["task"], network)}
    kept = {name: value for name, value in given.items() if name in taken}
    if isinstance(text := kept.get("augmentations"), str):
        fitting = ARCHITECTURES.get(network, document["task"]).fitting
        kept["augmentations"] = keep_switches(text, list_switches(document["task"], fitting))
    rest = {key: value for key, value in document.items() if key != "training_parameters"}
    return {**rest, "training_parameters": kept} if kept else rest


def _without_model(document: dict[str, Any]) -> dict[str, Any]:
    """Without a network that does not train the document's task."""
    network = _network(document)
    if network in ARCHITECTURES and document["task"] in ARCHITECTURES.get(network, document["task"]).task_types:
        return document
    given = document.get("training_parameters")
    kept = {name: value for name, value in given.items() if name != "model_name"} if isinstance(given, dict) else given
    return {**document, "training_parameters": kept}


def _network(document: Mapping[str, Any]) -> str:
    """The architecture that the document trains, as far as its words say it; empty where it names an unknown one."""
    name = trained_as(str(_model_name(document) or documented_default("model_name", "", document["task"])))[0]
    return name if name in ARCHITECTURES else ""


def _model_name(document: Mapping[str, Any]) -> Any:
    parameters = document.get("training_parameters")
    return parameters.get("model_name") if isinstance(parameters, dict) else None

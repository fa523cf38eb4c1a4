"""Documents that tests send, in Azure's shapes, and words of the answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

ENDED = ("Completed", "StoppedEarly", "Failed", "Canceled")
"""The statuses of a job or trial that nothing will happen to any more."""


def make_job_document(
    task: str, primary_metric: str, data: str, parameters: Mapping[str, Any], **fields: Any
) -> dict[str, Any]:
    """One trial with `parameters` on the dataset version `data` ("name:1"); `fields` stand beside them."""
    return {
        "type": "automl",
        "task": task,
        "primary_metric": primary_metric,
        "target_column_name": "label",
        "training_data": {"type": "mltable", "path": f"azureml:{data}"},
        "limits": {"timeout_minutes": 30},
        "training_parameters": dict(parameters),
        **fields,
    }


def make_scoring_request(image: bytes) -> dict[str, Any]:
    """One image as bare Base64 with newlines in it (SPEC §3.1)."""
    return {"input_data": {"columns": ["image"], "data": [base64.encodebytes(image).decode()]}}

from typing import Any

from django.http import HttpRequest
from ninja import Router

from studio.compute import describe_compute

compute_router = Router(tags=["compute"])


@compute_router.get("", summary="Machines, workers, GPUs, and what runs where")
def get_compute(request: HttpRequest) -> dict[str, Any]:
    return describe_compute()

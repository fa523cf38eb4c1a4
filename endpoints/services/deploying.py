"""The deploy wizard's one verb: endpoint (new or there), deployment and traffic, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from endpoints.models import Deployment
from endpoints.selectors import get_endpoint
from endpoints.services.deployments import create_deployment
from endpoints.services.endpoints import create_endpoint, update_traffic
from endpoints.services.traffic import share_out


@dataclass(frozen=True)
class DeployRequest:
    """What the wizard asks."""

    endpoint: str  # an existing one; empty for a new one
    new_endpoint: str
    model: str  # azureml:<name>:<version>
    deployment: str
    instance_count: Any
    request_timeout_ms: Any
    traffic: int

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.deployment,
            "model": self.model,
            "instance_count": self.instance_count,
            "request_settings": {"request_timeout_ms": self.request_timeout_ms},
        }


@transaction.atomic
def deploy_model(wanted: DeployRequest, *, user: User | None) -> Deployment:
    """Deploy a model version. The first deployment of an endpoint gets all its traffic.

    Raises:
        UserError: a name that is taken or not allowed, a number out of its range, no such model or endpoint.
    """
    if wanted.endpoint:
        endpoint = get_endpoint(wanted.endpoint)
    else:
        endpoint = create_endpoint({"name": wanted.new_endpoint}, user=user)
    is_first = not endpoint.deployments.exists()
    deployment = create_deployment(endpoint, wanted.to_document(), all_traffic=is_first)
    if not is_first and wanted.traffic:
        update_traffic(endpoint, share_out(endpoint.traffic, deployment.name, wanted.traffic))
    return deployment

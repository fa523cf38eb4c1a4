"""Endpoints with deployments whose instances are said to run at a given address."""

from __future__ import annotations

from urllib.parse import urlsplit

from endpoints.models import Deployment, DeploymentInstance, Endpoint
from endpoints.services.endpoints import new_key
from tests.models_registry.factories import make_version


def make_endpoint(name: str = "fasteners-live", **fields) -> Endpoint:
    keys = {"primary_key": new_key(), "secondary_key": new_key()}
    return Endpoint.objects.create(name=name, **{**keys, **fields})


def make_deployment(endpoint: Endpoint, name: str = "blue", *, urls: tuple[str, ...] = (), **fields) -> Deployment:
    """A deployment with one healthy instance for each of `urls`."""
    defaults = {
        "model_version": make_version(f"model-of-{name}"),
        "instance_count": max(1, len(urls)),
        "provisioning_state": Deployment.State.SUCCEEDED,
    }
    deployment = Deployment.objects.create(endpoint=endpoint, name=name, **{**defaults, **fields})
    deployment.document = {"name": name, "model": deployment.model_version.reference}
    deployment.save()
    for index, url in enumerate(urls):
        parts = urlsplit(url)
        DeploymentInstance.objects.create(
            deployment=deployment,
            index=index,
            state=DeploymentInstance.State.HEALTHY,
            generation=1,
            address=parts.hostname or "",
            port=parts.port,
        )
    return deployment

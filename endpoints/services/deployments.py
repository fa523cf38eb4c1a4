"""Deployments: making, changing, deleting. An agent's supervisor starts and stops what these rows ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from endpoints.models import Deployment, DeploymentInstance, Endpoint
from models_registry.selectors import get_referenced_version
from vision.errors import ConflictError, Detail, InvalidDocumentError
from vision.spec.documents import load_document
from vision.spec.endpoint import DeploymentDocument, Probe, parse_deployment

MOST_DEPLOYMENTS = 20


def create_deployment(
    endpoint: Endpoint, document: str | bytes | dict[str, Any], *, all_traffic: bool = False
) -> Deployment:
    """A deployment with its instances waiting for a node. It gets no traffic unless `all_traffic` is asked for.

    Raises:
        InvalidDocumentError: a document that breaks the deployment schema.
        NotFoundError: no such model version.
        ConflictError: the name is taken in this endpoint, or the endpoint is full.
    """
    source = load_document(document)
    parsed = parse_deployment(source)
    _check_endpoint_name(parsed, endpoint)
    try:
        with transaction.atomic():
            locked = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
            _check_room(locked)
            deployment = Deployment(endpoint=locked, name=parsed.name, document=source, **_fields(parsed))
            deployment.save(force_insert=True)
            _match_instances(deployment)
            if all_traffic:
                locked.traffic = {deployment.name: 100}
                locked.mirror_traffic = {}
                locked.save(update_fields=["traffic", "mirror_traffic"])
    except IntegrityError:
        raise ConflictError(
            f"Endpoint {endpoint.name} already has a deployment named {parsed.name!r}.",
            hint="Choose another name, or change that deployment.",
        ) from None
    return deployment


def update_deployment(deployment: Deployment, changes: Mapping[str, Any]) -> Deployment:
    """Apply a partial deployment document. What a process sees at its start makes a new generation of servers."""
    document = _merge(deployment.document, changes)
    parsed = parse_deployment({**document, "name": changes.get("name", deployment.name)})
    if parsed.name != deployment.name:
        raise InvalidDocumentError(
            "A deployment cannot be renamed.",
            hint="Make a second one and move the traffic.",
            details=[Detail("cannot be changed", path="name")],
        )
    _check_endpoint_name(parsed, deployment.endpoint)
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
        before = _process_facts(locked)
        for field, value in _fields(parsed).items():
            setattr(locked, field, value)
        locked.document = document
        if _process_facts(locked) != before:
            locked.generation += 1
        locked.provisioning_state, locked.error = Deployment.State.UPDATING, None
        locked.save()
        _match_instances(locked)
    return locked


def restart_deployment(deployment: Deployment) -> Deployment:
    """Replace every model server by a fresh one; also the way out of Failed."""
    with transaction.atomic():
        locked = Deployment.objects.select_for_update().get(pk=deployment.pk)
        locked.generation += 1
        locked.provisioning_state, locked.error = Deployment.State.UPDATING, None
        locked.save()
    return locked


def delete_deployment(deployment: Deployment) -> None:
    """Remove a deployment; its agents stop the model servers.

    Raises:
        ConflictError: it has live traffic.
    """
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=deployment.endpoint_id)
        share = endpoint.traffic.get(deployment.name, 0)
        if share:
            raise ConflictError(
                f"Deployment {deployment.name} serves {share} % of {endpoint.name}'s traffic.",
                hint="Move its traffic to another deployment (or set all to 0) first.",
            )
        endpoint.mirror_traffic.pop(deployment.name, None)
        endpoint.traffic.pop(deployment.name, None)
        endpoint.save(update_fields=["traffic", "mirror_traffic"])
        deployment.delete()


def _fields(parsed: DeploymentDocument) -> dict[str, Any]:
    request_settings = parsed.request_settings
    return {
        "model_version": get_referenced_version(parsed.model),
        "instance_count": parsed.instance_count,
        "request_timeout_ms": request_settings.request_timeout_ms,
        "max_concurrent_requests_per_instance": request_settings.max_concurrent_requests_per_instance,
        "environment_variables": parsed.environment_variables,
        "liveness_probe": _probe(parsed.liveness_probe),
        "readiness_probe": _probe(parsed.readiness_probe),
    }


def _probe(probe: Probe | None) -> dict[str, Any]:
    return probe.model_dump(exclude_unset=True) if probe is not None else {}


def _process_facts(deployment: Deployment) -> tuple[Any, ...]:
    return (deployment.model_version_id, deployment.request_timeout_ms, deployment.environment_variables)


def _match_instances(deployment: Deployment) -> None:
    deployment.instances.filter(index__gte=deployment.instance_count).delete()
    present = set(deployment.instances.values_list("index", flat=True))
    DeploymentInstance.objects.bulk_create(
        DeploymentInstance(deployment=deployment, index=index)
        for index in range(deployment.instance_count)
        if index not in present
    )


def _merge(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both and key != "environment_variables" else value
    return merged


def _check_endpoint_name(parsed: DeploymentDocument, endpoint: Endpoint) -> None:
    if parsed.endpoint_name and parsed.endpoint_name != endpoint.name:
        raise InvalidDocumentError(
            f"The document is for endpoint {parsed.endpoint_name!r}, not {endpoint.name!r}.",
            hint="Send it to its own endpoint, or drop endpoint_name.",
            details=[Detail("another endpoint", path="endpoint_name")],
        )


def _check_room(endpoint: Endpoint) -> None:
    if endpoint.deployments.count() >= MOST_DEPLOYMENTS:
        raise ConflictError(
            f"Endpoint {endpoint.name} has {MOST_DEPLOYMENTS} deployments, the most it can have.",
            hint="Delete one that has no traffic.",
        )

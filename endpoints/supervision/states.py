"""A deployment's provisioning_state, from the states of its instances."""

from __future__ import annotations

from typing import Any

from endpoints.models import Deployment, DeploymentInstance

_LOG_LINES = 30


def refresh_provisioning_state(deployment: Deployment) -> None:
    """Write the state its instances add up to; a change made meanwhile is left alone."""
    instances = list(deployment.instances.all())
    state, error = _judge(deployment, instances)
    if (state, error) != (deployment.provisioning_state, deployment.error):
        same = Deployment.objects.filter(pk=deployment.pk, generation=deployment.generation)
        same.filter(provisioning_state=deployment.provisioning_state).update(provisioning_state=state, error=error)


def _judge(deployment: Deployment, instances: list[DeploymentInstance]) -> tuple[str, dict[str, Any] | None]:
    failed = [i for i in instances if i.state == DeploymentInstance.State.FAILED]
    if failed:
        return Deployment.State.FAILED, _explain(failed[0])
    ready = [i for i in instances if i.state == DeploymentInstance.State.HEALTHY]
    is_current = all(i.generation == deployment.generation for i in ready)
    if len(ready) >= deployment.instance_count and is_current:
        return Deployment.State.SUCCEEDED, None
    # A crash later on shows on the instance; the deployment has been provisioned all the same.
    return deployment.provisioning_state, deployment.error


def _explain(instance: DeploymentInstance) -> dict[str, Any]:
    return {
        "code": "model_server_failed",
        "message": f"Instance {instance.index}: {instance.error}",
        "hint": "The last lines of its log say why. It is tried again every few minutes; Restart tries at once.",
        "details": [],
        "log": "\n".join(instance.log_tail.splitlines()[-_LOG_LINES:]),
    }

"""What the gateway must know of an endpoint, as plain values read in three queries."""

from __future__ import annotations

import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from django.conf import settings

from endpoints.models import Deployment, DeploymentInstance, Endpoint
from vision.errors import NotFoundError

ROOM = 2  # requests taken per unit of concurrency: one being answered, one waiting


@dataclass
class DeploymentRoute:
    """One deployment: its limits, and the addresses of its healthy instances."""

    name: str
    timeout_seconds: float
    most_pending: int
    targets: tuple[tuple[str, int], ...]
    turn: count[int] = field(default_factory=count)

    def targets_in_turn(self) -> list[tuple[str, int]]:
        """Every healthy address, a different one first each time."""
        if not self.targets:
            return []
        start = next(self.turn) % len(self.targets)
        return [*self.targets[start:], *self.targets[:start]]


@dataclass(frozen=True)
class Route:
    """One endpoint."""

    name: str
    keys: tuple[bytes, ...]
    traffic: Mapping[str, int]
    mirror: Mapping[str, int]
    deployments: Mapping[str, DeploymentRoute]

    def accepts(self, key: str) -> bool:
        """Whether the key opens this endpoint, compared in constant time."""
        given = key.encode()
        return any([hmac.compare_digest(given, known) for known in self.keys])  # noqa: C419 - no early exit

    def pick(self, wanted: str | None) -> DeploymentRoute:
        """The deployment of the header, else one by traffic.

        Raises:
            NotFoundError: no such deployment, or none has traffic.
        """
        if wanted:
            if wanted not in self.deployments:
                known = ", ".join(self.deployments) or "none yet"
                raise NotFoundError(
                    f"Endpoint {self.name} has no deployment {wanted!r}.", hint=f"Its deployments: {known}."
                )
            return self.deployments[wanted]
        shares = {name: share for name, share in self.traffic.items() if share > 0 and name in self.deployments}
        if not shares:
            raise NotFoundError(
                f"No deployment of endpoint {self.name} has traffic.",
                hint="Give one a share of the traffic, or name one in the azureml-model-deployment header.",
            )
        if len(shares) == 1:
            return self.deployments[next(iter(shares))]
        return self.deployments[random.choices(list(shares), list(shares.values()))[0]]

    def pick_mirrors(self) -> list[DeploymentRoute]:
        """The deployments that get a copy of this request."""
        return [
            self.deployments[name]
            for name, share in self.mirror.items()
            if name in self.deployments and random.random() * 100 < share
        ]


def load_route(name: str) -> Route | None:
    """Read one endpoint's route from the database; None where there is no such endpoint."""
    endpoint = Endpoint.objects.filter(name=name).prefetch_related("deployments__instances").first()
    if endpoint is None:
        return None
    keys = (endpoint.primary_key, endpoint.secondary_key, settings.STUDIO_ADMIN_TOKEN)
    return Route(
        name=name,
        keys=tuple(key.encode() for key in keys if key),
        traffic=dict(endpoint.traffic),
        mirror=dict(endpoint.mirror_traffic),
        deployments={deployment.name: _deployment_route(deployment) for deployment in endpoint.deployments.all()},
    )


def _deployment_route(deployment: Deployment) -> DeploymentRoute:
    healthy = [i for i in deployment.instances.all() if i.state == DeploymentInstance.State.HEALTHY and i.port]
    return DeploymentRoute(
        name=deployment.name,
        timeout_seconds=deployment.request_timeout_ms / 1000,
        most_pending=ROOM * deployment.max_concurrent_requests_per_instance * deployment.instance_count,
        targets=tuple((instance.address, int(instance.port or 0)) for instance in healthy),
    )

"""Writing endpoints and deployments: the desired state that the agents make real."""

from endpoints.services.deploying import DeployRequest, deploy_model
from endpoints.services.deployments import (
    create_deployment,
    delete_deployment,
    restart_deployment,
    update_deployment,
)
from endpoints.services.endpoints import (
    create_endpoint,
    delete_endpoint,
    regenerate_keys,
    update_endpoint,
    update_traffic,
)

__all__ = [
    "DeployRequest",
    "create_deployment",
    "create_endpoint",
    "delete_deployment",
    "delete_endpoint",
    "deploy_model",
    "regenerate_keys",
    "restart_deployment",
    "update_deployment",
    "update_endpoint",
    "update_traffic",
]

"""Online endpoint and deployment documents (SPEC §8.4, §8.5, §11)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from vision.errors import Detail, InvalidDocumentError
from vision.spec.documents import load_document, with_lines
from vision.spec.references import parse_model_reference
from vision.spec.validation import invalid, validate

_ENDPOINT_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){2,31}")
_NAME_RULE = "3 to 32 letters, digits and single hyphens, starting with a letter and not ending with a hyphen"


def _to_texts(values: Any) -> Any:
    """YAML reads a bare `2` or `true` in a map of texts as a number: keep what was meant."""
    if not isinstance(values, dict):
        return values
    return {str(key): _to_text(value) for key, value in values.items()}


def _to_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


TextMap = Annotated[dict[str, str], BeforeValidator(_to_texts)]
Percent = Annotated[int, Field(ge=0, le=100, strict=True)]


class Probe(BaseModel):
    """How a model server is asked whether it is alive; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    initial_delay: float = Field(10, ge=0)
    period: float = Field(10, gt=0)
    timeout: float = Field(2, gt=0)
    success_threshold: int = Field(1, ge=1)
    failure_threshold: int = Field(30, ge=1)


class RequestSettings(BaseModel):
    """What one scoring request may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_timeout_ms: int = Field(90_000, ge=1, le=180_000)
    max_concurrent_requests_per_instance: int = Field(8, ge=1, le=1000)
    max_queue_wait_ms: int | None = Field(None, ge=1)


class EndpointDocument(BaseModel):
    """An online endpoint. Keys of Azure's that mean nothing here are read and left alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_url: str | None = Field(None, alias="$schema")
    name: str
    auth_mode: Literal["key", "aml_token", "aad_token"] = "key"
    description: str = ""
    tags: TextMap = {}
    properties: TextMap = {}
    traffic: dict[str, Percent] = {}
    mirror_traffic: dict[str, Percent] = {}
    compute: str | None = None
    identity: dict[str, Any] | None = None
    public_network_access: Literal["enabled", "disabled"] = "enabled"

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        return _checked_name(name)


class DeploymentDocument(BaseModel):
    """A deployment of one model version. Keys of Azure's that mean nothing here are read and left alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    schema_url: str | None = Field(None, alias="$schema")
    type: str | None = None
    name: str
    endpoint_name: str | None = None
    model: str
    description: str = ""
    tags: TextMap = {}
    properties: TextMap = {}
    instance_count: int = Field(1, ge=1, le=50)
    instance_type: str | None = None
    environment_variables: TextMap = {}
    request_settings: RequestSettings = RequestSettings()  # type: ignore[call-arg]
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    model_mount_path: str | None = None
    code_configuration: dict[str, Any] | None = None
    environment: str | dict[str, Any] | None = None
    app_insights_enabled: bool = False
    scale_settings: dict[str, Any] | None = None
    data_collector: dict[str, Any] | None = None
    egress_public_network_access: str | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        return _checked_name(name)

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: str) -> str:
        try:
            parse_model_reference(model)
        except InvalidDocumentError as error:
            raise ValueError(str(error)) from None
        return model


def parse_endpoint(document: str | bytes | dict[str, Any]) -> EndpointDocument:
    """A checked endpoint document.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    values = load_document(document)
    try:
        endpoint = validate(EndpointDocument, values, "The endpoint document")
        check_traffic(endpoint.traffic, endpoint.traffic)
        _check_mirror(endpoint)
    except InvalidDocumentError as error:
        raise with_lines(error, document) from None
    return endpoint


def parse_deployment(document: str | bytes | dict[str, Any]) -> DeploymentDocument:
    """A checked deployment document.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    values = load_document(document)
    try:
        return validate(DeploymentDocument, values, "The deployment document")
    except InvalidDocumentError as error:
        raise with_lines(error, document) from None


def check_traffic(traffic: dict[str, int], deployment_names: Iterable[str]) -> None:
    """Whether the shares are whole percents of deployments that exist, summing to 0 or 100.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    known = set(deployment_names)
    problems = [problem for name, share in traffic.items() for problem in _check_share(name, share, known)]
    if not problems and sum(traffic.values()) not in (0, 100):
        message = f"The shares sum to {sum(traffic.values())}; they must sum to 100, or to 0 for no traffic."
        problems.append(Detail(message, path="traffic"))
    if problems:
        raise invalid("The traffic", problems)


def _check_share(name: str, share: object, known: set[str]) -> list[Detail]:
    path = f"traffic.{name}"
    problems = []
    if name not in known:
        problems.append(Detail(f"There is no deployment named {name!r}.", code="not_found", path=path))
    if isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= 100:
        problems.append(Detail(f"Must be a whole number from 0 to 100, not {share!r}.", path=path))
    return problems


def _check_mirror(endpoint: EndpointDocument) -> None:
    mirror = endpoint.mirror_traffic
    problems = []
    if len(mirror) > 1:
        problems.append(Detail("Only one deployment may receive mirrored traffic.", path="mirror_traffic"))
    for name, share in mirror.items():
        if share > 50:
            problems.append(Detail(f"At most 50 percent may be mirrored, not {share}.", path=f"mirror_traffic.{name}"))
        if endpoint.traffic.get(name):
            problems.append(Detail(f"{name} has live traffic already.", path=f"mirror_traffic.{name}"))
    if problems:
        raise invalid("The mirrored traffic", problems)


def _checked_name(name: str) -> str:
    if not _ENDPOINT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name: use {_NAME_RULE}.")
    return name

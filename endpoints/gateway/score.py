"""One scoring request from its key to its answer. Touches no database while the route is fresh."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from endpoints.gateway.cache import RouteCache
from endpoints.gateway.routes import DeploymentRoute, Route
from endpoints.gateway.upstream import UpstreamAnswer, UpstreamLostError, UpstreamPool
from vision.errors import NotFoundError, UserError

logger = logging.getLogger(__name__)

DEPLOYMENT_HEADER = "azureml-model-deployment"
EXPLAIN_MARK = b"model_explainability"


@dataclass
class ScoringError(UserError):
    """A request that the gateway answers itself."""

    code: str = "scoring_failed"
    status: int = 424


@dataclass(frozen=True)
class Answer:
    """What goes back to the caller."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_error(cls, error: UserError) -> Answer:
        body = json.dumps({"error": error.to_dict()}).encode()
        return cls(error.status, body, {"content-type": "application/json"})


class _LoopState:
    """Routes, connections and counts of one event loop."""

    def __init__(self) -> None:
        self.upstreams = UpstreamPool()
        self.routes = RouteCache()
        self.pending: Counter[tuple[str, str]] = Counter()
        self.mirrored: set[asyncio.Task[None]] = set()


_states: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopState] = WeakKeyDictionary()


def _state() -> _LoopState:
    loop = asyncio.get_running_loop()
    if loop not in _states:
        _states[loop] = _LoopState()
    return _states[loop]


async def score_request(name: str, body: bytes, *, key: str | None, deployment: str | None = None) -> Answer:
    """Score one SPEC §3 body on endpoint `name`. `key` None means that the caller has been let in already.

    Every outcome is an `Answer`: 401 bad key, 404 no endpoint, deployment or traffic, 408 too slow, 424 the model
    raised, 429 too many pending, 503 no healthy instance, else what the model server answered.
    """
    state = _state()
    try:
        route = await state.routes.get(name)
        if route is None:
            raise NotFoundError(f"There is no endpoint named {name!r}.", hint="Check the address.")
        if key is not None:
            _check_key(route, key)
        chosen = route.pick(deployment)
        if deployment is None:
            _mirror(state, route, body)
        return await _forward_counted(state, route, chosen, body)
    except UserError as error:
        return Answer.from_error(error)


def bearer_key(header: str) -> str:
    """The key in an Authorization header; empty where there is none."""
    scheme, _, key = header.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _check_key(route: Route, key: str) -> None:
    if not key or not route.accepts(key):
        raise ScoringError(
            "The key is missing or wrong." if key else "The request carries no key.",
            hint=f"Send 'Authorization: Bearer <key>'; the keys are on the Consume tab of {route.name}.",
            code="unauthorized",
            status=401,
        )


def _mirror(state: _LoopState, route: Route, body: bytes) -> None:
    """Send copies; the caller never waits for them and never sees how they went."""
    for shadow in route.pick_mirrors():
        task = asyncio.create_task(_forward_unseen(state, route, shadow, body))
        state.mirrored.add(task)
        task.add_done_callback(state.mirrored.discard)


async def _forward_unseen(state: _LoopState, route: Route, shadow: DeploymentRoute, body: bytes) -> None:
    try:
        await _forward_counted(state, route, shadow, body)
    except UserError as error:
        logger.info("mirrored request to %s: %s", shadow.name, error)


async def _forward_counted(state: _LoopState, route: Route, chosen: DeploymentRoute, body: bytes) -> Answer:
    place = (route.name, chosen.name)
    if state.pending[place] >= chosen.most_pending:
        raise ScoringError(
            f"Deployment {chosen.name} already has {chosen.most_pending} requests pending.",
            hint="Send fewer at once, or raise max_concurrent_requests_per_instance or instance_count.",
            code="too_many_requests",
            status=429,
        )
    state.pending[place] += 1
    try:
        async with asyncio.timeout(chosen.timeout_seconds):
            return await _forward(state.upstreams, chosen, body)
    except TimeoutError:
        raise _timed_out(chosen) from None
    finally:
        state.pending[place] -= 1


async def _forward(pool: UpstreamPool, chosen: DeploymentRoute, body: bytes) -> Answer:
    path = "/explain" if EXPLAIN_MARK in body else "/predict"
    for target in chosen.targets_in_turn():
        started = time.perf_counter()
        try:
            answer = await pool.post(target, path, body)
        except UpstreamLostError as error:
            # Predictions change nothing, so another instance may answer what a dying one did not.
            logger.warning("deployment %s: %s", chosen.name, error)
            continue
        return _relay(chosen, answer, time.perf_counter() - started)
    raise ScoringError(
        f"Deployment {chosen.name} has no healthy instance now.",
        hint="It is starting or restarting; its state and log are on the endpoint's page.",
        code="no_healthy_instance",
        status=503,
    )


def _relay(chosen: DeploymentRoute, answer: UpstreamAnswer, seconds: float) -> Answer:
    if answer.status == 504:
        raise _timed_out(chosen)
    status = 424 if answer.status == 500 else answer.status
    if status >= 400 and not _is_error_body(answer.body):
        raise ScoringError(f"The model server answered {answer.status}.", hint="Its log says more.", status=status)
    return Answer(
        status,
        answer.body,
        {
            "content-type": "application/json",
            DEPLOYMENT_HEADER: chosen.name,
            "server-timing": f"model;dur={seconds * 1000:.1f}",
        },
    )


def _is_error_body(content: bytes) -> bool:
    try:
        body: Any = json.loads(content)
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def _timed_out(chosen: DeploymentRoute) -> ScoringError:
    return ScoringError(
        f"Deployment {chosen.name} did not answer within {chosen.timeout_seconds * 1000:.0f} ms.",
        hint="Send fewer images at once, or raise request_timeout_ms (at most 180000).",
        code="timeout",
        status=408,
    )

"""The HTTP process and the processes around it."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.managers import SyncManager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import litserve
from litserve.loops.loops import inference_worker
from litserve.server import RegularRequestHandler
from litserve.transport.process_transport import MPQueueTransport
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus
from starlette.requests import Request
from starlette.responses import Response

from endpoints.model_server.answers import Answer, answer_failure, answer_timeout
from endpoints.model_server.following import follow_parent, watch_parent
from endpoints.model_server.forking import start_template
from endpoints.model_server.lanes import ExplainLane, Lane, PredictLane
from vision.catalog.explainers import EXPLAINED_TASK_TYPES
from vision.errors import InternalError
from vision.inference.card import read_card, read_settings
from vision.lifeline import watch_lifeline

logger = logging.getLogger(__name__)

EXPLAIN_MARK = b"model_explainability"
_LARGEST_BODY = 256 * 1024 * 1024
_SECONDS_TO_FINISH = 8  # for requests under way when the server is asked to stop


@dataclass(frozen=True)
class ServerOptions:
    """What the server is started with; `request_timeout` in seconds."""

    model: Path
    host: str
    port: int
    request_timeout: float
    device: str


def serve(options: ServerOptions) -> int:
    """Serve until SIGTERM, SIGINT or the loss of the process that started this one. Returns the exit code.

    Raises:
        InvalidDocumentError: the folder holds no model that can be served.
    """
    card = read_card(options.model)
    read_settings(options.model, card)
    watch_lifeline()
    signal.signal(signal.SIGTERM, _make_interrupt())
    server = ModelServer(
        start_template(card),
        _make_lanes(options, card.task_type),
        accelerator="cpu",  # the lanes choose their device themselves; this process never loads torch
        timeout=options.request_timeout,
        max_payload_size=_LARGEST_BODY,
        disable_openapi_url=True,
    )
    server.uvicorn_graceful_timeout = _SECONDS_TO_FINISH
    server.run(
        host=options.host,
        port=options.port,
        num_api_servers=1,
        api_server_worker_type="process",
        generate_client_file=False,
        access_log=False,
        log_level="info",
    )
    return server.exit_code


def _make_lanes(options: ServerOptions, task_type: str) -> list[Lane]:
    """A lane of its own for explanations where there are any: it holds the network a second time."""
    if task_type not in EXPLAINED_TASK_TYPES:
        return [PredictLane(options.model, options.device, is_alone=True)]
    return [PredictLane(options.model, options.device), ExplainLane(options.model, options.device)]


class LaneHandler(RegularRequestHandler):  # type: ignore[misc]
    """Hands a body to its lane unread, waits for the answer, and never longer than it may."""

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        is_explained = EXPLAIN_MARK in body and "/explain" in self.server.litapi_request_queues
        answer = await self._ask("/explain" if is_explained else "/predict", body)
        return Response(answer.body, answer.status, media_type="application/json")

    async def _ask(self, lane: str, body: bytes) -> Answer:
        uid = os.urandom(12).hex()
        waiting = self.server.response_buffer[uid] = ResponseBufferItem(asyncio.Event())
        loop = asyncio.get_running_loop()
        sent = (self.server.app.response_queue_id, uid, loop.time(), body)
        self.server.litapi_request_queues[lane].put(sent)
        try:
            async with asyncio.timeout(self.server.timeout):
                await waiting.event.wait()
        except TimeoutError:
            return answer_timeout(self.server.timeout)
        finally:
            self.server.response_buffer.pop(uid, None)
        response, status = waiting.response
        return response if status == LitAPIStatus.OK else answer_failure(RuntimeError("the lane gave no answer"))


class ModelServer(litserve.LitServer):  # type: ignore[misc]
    """LitServe with plain pipes between its processes, raw bodies, and an end that leaves no process behind."""

    exit_code = 0
    _is_stopping = False
    middlewares: list[Any]

    def __init__(self, lane_context: BaseContext, *arguments: Any, **options: Any) -> None:
        self._lane_context = lane_context
        super().__init__(*arguments, **options)

    def _init_manager(self, num_api_servers: int) -> SyncManager:
        """The shared state. Requests and answers go through pipes: LitServe's managed queues cost two hops more."""
        context = multiprocessing.get_context("spawn")
        manager = SyncManager(ctx=context)
        manager.start(follow_parent)
        self.workers_setup_status = manager.dict()
        self._shutdown_event = manager.Event()
        self.litapi_request_queues = {api.api_path: context.Queue() for api in self.litapi_connector}
        self._transport = MPQueueTransport(manager, [context.Queue() for _ in range(num_api_servers)])
        return manager

    def launch_inference_worker(self, lit_api: Lane) -> list[BaseProcess]:
        """One process a lane, made by the lanes' own context."""
        number, device = 0, "cpu"  # LitServe's; the lane chooses its device itself
        self.workers_setup_status[f"{lit_api.api_path.split('/')[-1]}_{number}"] = WorkerSetupStatus.STARTING
        process = self._lane_context.Process(  # type: ignore[attr-defined]
            target=inference_worker,
            args=(
                lit_api,
                device,
                number,
                self._get_request_queue(lit_api.api_path),
                self._transport,
                self.workers_setup_status,
                self._callback_runner,
                self.restart_workers,
            ),
            name="inference-worker",
        )
        process.start()
        return [process]

    def _register_api_endpoints(self, lit_api: Lane, request_type: Any, response_type: Any) -> None:
        handler = LaneHandler(lit_api, self)
        for path in (lit_api.api_path, *lit_api.paths):
            self.app.add_route(path, handler.handle, methods=["POST"])

    def _register_middleware(self) -> None:
        # Compressing answers would cost more than the short way to the gateway saves.
        self.middlewares = [entry for entry in self.middlewares if "GZip" not in str(entry)]
        super()._register_middleware()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Runs in the HTTP process."""
        watch_parent()
        async with super().lifespan(app):
            yield

    def verify_worker_status(self) -> None:
        """Wait for the first warm lane.

        Raises:
            InternalError: a lane ended instead; its log says why.
        """
        while WorkerSetupStatus.READY not in self.workers_setup_status.values():
            if wait([worker.sentinel for worker in self.inference_workers], timeout=0.05):
                self._end_lanes()
                raise InternalError("The model could not be loaded.", hint="The reason stands above.")

    def _start_worker_monitoring(self, manager: SyncManager, uvicorn_workers: dict[int, Any]) -> None:
        """A lost process ends the server: who started it starts a new one, warm, rather than half of one."""
        names = {process.sentinel: process.name for process in (*self.inference_workers, *uvicorn_workers.values())}

        def watch() -> None:
            # A sentinel tells of the end before the process can be reaped, so it is the one to go by.
            lost = [names[int(sentinel)] for sentinel in wait(list(names)) if isinstance(sentinel, int)]
            if not self._is_stopping:
                logger.error("Lost %s: the server ends.", ", ".join(lost))
                self.exit_code = 1
                os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, name="monitor", daemon=True).start()

    def _perform_graceful_shutdown(
        self, manager: SyncManager, uvicorn_workers: dict[int, Any], reason: str = ""
    ) -> None:
        """First the HTTP process, which still answers what is under way; then the lanes."""
        self._is_stopping = True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for process in uvicorn_workers.values():
            process.terminate()
            process.join(_SECONDS_TO_FINISH)
            process.kill()
            process.join()
        self._end_lanes()
        manager.shutdown()
        logger.info("Stopped.")

    def _end_lanes(self) -> None:
        for process in self.inference_workers:
            process.kill()
            process.join()


def _make_interrupt() -> Callable[..., None]:
    main = os.getpid()

    def interrupt(*_: object) -> None:
        # The HTTP process inherits this handler and is handed the signal again once it has ended in order.
        if os.getpid() == main:
            raise KeyboardInterrupt

    return interrupt

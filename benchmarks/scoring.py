"""Scoring one JPEG at a time: through the gateway, at the model server, and the bare forward of the same network.

A real web process, a real model server; the three take turns, so that all see the same load of the machine.

    python -m benchmarks.scoring [--requests 200] [--architecture mobilenetv2] [--side 320]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TARGET_MS = 10.0
AIM_MS = 3.0
BLOCK = 10  # requests of one kind before the next has its turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--architecture", default="mobilenetv2")
    parser.add_argument("--side", type=int, default=320, help="longer side of the JPEG")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scoring-") as folder:
        measure(Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    port = prepare_django(folder)
    from tests.endpoints.model_server.running import run_model_server
    from tests.vision.inference.models import make_image, make_model
    from vision.inference.predictor import Predictor
    from vision.spec.scoring import build_scoring_request

    sizes = {"train_crop_size": 224, "valid_resize_size": 256, "valid_crop_size": 224}
    model = make_model(folder / "model", options.architecture, **sizes)
    image = make_image(size=(options.side, options.side * 3 // 4))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=90)
    body = json.dumps(build_scoring_request([target.getvalue()])).encode()
    with run_model_server(model, folder / "server.log") as server:
        server.wait_until_healthy()
        key = write_rows(str(server.client.base_url))
        with run_web(folder, port) as gateway:
            kinds = {
                "bare forward": make_forward(Predictor.load(model), image),
                "model server": lambda: check(server.post("/predict", body)),
                "gateway": lambda: check(gateway.post("/endpoints/bench/score", content=body, headers=key)),
            }
            report(take_turns(kinds, options.requests))


def prepare_django(folder: Path) -> int:
    """An empty Darkroom in `folder`, in this process and for its children; the port for its web process."""
    from tests.running import free_port

    port = free_port()
    os.environ.update(DJANGO_SETTINGS_MODULE="studio.settings", STUDIO_HOME=str(folder / "home"), STUDIO_PORT=str(port))
    for name in ("DATABASE_URL", "STORAGE_URL"):
        os.environ.pop(name, None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return port


def write_rows(address: str) -> dict[str, str]:
    """An endpoint whose one instance is the server at `address`; the headers that open it."""
    from tests.endpoints.factories import make_deployment, make_endpoint

    endpoint = make_endpoint("bench", traffic={"blue": 100})
    make_deployment(endpoint, "blue", urls=(address,))
    return {"authorization": f"Bearer {endpoint.primary_key}", "content-type": "application/json"}


class run_web:  # noqa: N801 - used as a verb
    """`manage.py web`, and a client for it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._log, self._address = folder / "web.log", f"http://127.0.0.1:{port}"

    def __enter__(self):
        import httpx

        from tests.processes import wait_for
        from vision import lifeline

        with self._log.open("wb") as log:
            command = [sys.executable, "manage.py", "web"]
            self._process = lifeline.spawn(command, stdout=log, stderr=subprocess.STDOUT)
        self._client = httpx.Client(base_url=self._address, timeout=60, trust_env=False)

        def answers() -> bool:
            try:
                return self._client.get("/healthz").status_code in (200, 503)
            except httpx.HTTPError:
                return False

        wait_for(answers, 60, "the web process answers")
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.stop()


def make_forward(predictor, image) -> Callable[[], object]:
    import torch

    from vision.inference.preprocessing import normalize

    pixels = predictor.prepare(image)[None].to(predictor.device)
    tensor = normalize(pixels, predictor.card.mean, predictor.card.std)

    @torch.inference_mode()
    def forward() -> object:
        return predictor.built.module(tensor).cpu()

    return forward


def take_turns(kinds: dict[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(-1, max(1, count // BLOCK)):
        for name, call in kinds.items():
            for _ in range(BLOCK):
                begun = time.perf_counter()
                call()
                if turn >= 0:  # the first turn warms up
                    seconds[name].append(time.perf_counter() - begun)
    return seconds


def check(response) -> None:
    if response.status_code != 200:
        raise SystemExit(f"{response.status_code}: {response.text}")


def report(seconds: dict[str, list[float]]) -> None:
    bare = statistics.median(seconds["bare forward"]) * 1000
    print(f"{'':14} {'p50 ms':>8} {'p90 ms':>8} {'p50 - bare':>11}")
    for name, values in seconds.items():
        p50 = statistics.median(values) * 1000
        p90 = statistics.quantiles(values, n=10)[8] * 1000
        print(f"{name:14} {p50:8.2f} {p90:8.2f} {p50 - bare:11.2f}")
    over = statistics.median(seconds["gateway"]) * 1000 - bare
    verdict = "ok" if over <= TARGET_MS else "TOO SLOW"
    print(f"gateway minus bare forward: {over:.2f} ms; at most {TARGET_MS:g}, aim {AIM_MS:g}: {verdict}")
    print(json.dumps({"benchmark": "scoring", "overhead_ms": round(over, 2), "target_ms": TARGET_MS}))
    if over > TARGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

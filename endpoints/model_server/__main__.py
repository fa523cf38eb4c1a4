"""`python -m endpoints.model_server --model DIR --host 127.0.0.1 --port N`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from vision.interpreter import importing, leave


def main() -> int:
    """Serve until SIGTERM. 2 where the model or the options cannot be used, 1 where a process was lost."""
    options = _parse_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Imported here: the lanes' processes import this file too, and need none of it.
    with importing():
        from endpoints.model_server.server import ServerOptions, serve
        from vision.errors import InternalError, UserError

    chosen = ServerOptions(
        model=options.model.resolve(),
        host=options.host,
        port=options.port,
        request_timeout=options.request_timeout_ms / 1000,
        device=options.device,
    )
    try:
        return serve(chosen)
    except UserError as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    except InternalError as error:
        logging.getLogger(__name__).error("%s", error)
        return 1


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m endpoints.model_server", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the MLflow model")
    parser.add_argument("--host", default="127.0.0.1", choices=["127.0.0.1", "0.0.0.0", "::"])  # noqa: S104
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--request-timeout-ms", type=int, default=180_000)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n>")
    return parser.parse_args()


if __name__ == "__main__":
    leave(main())

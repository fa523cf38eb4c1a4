"""`python -m vision.embedding request.json`: describe the images of one manifest."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from vision.embedding.request import FAILURE, read_request, write_json
from vision.errors import UserError
from vision.interpreter import importing, leave
from vision.lifeline import watch_lifeline

with importing():
    from vision.embedding.process import embed_images

_NICENESS = 19  # everything else comes first


def main() -> int:
    parser = argparse.ArgumentParser(prog="vision.embedding", description="Describe the images of one manifest.")
    parser.add_argument("request", type=Path, help="path of request.json")
    os.nice(_NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    watch_lifeline()
    request = read_request(parser.parse_args().request)
    try:
        embed_images(request)
    except UserError as error:
        write_json(request.out / FAILURE, error.to_dict())
        return 1
    return 0


if __name__ == "__main__":
    leave(main())

"""`python -m vision.training run.json`: one training process (torchrun starts one a GPU where there are several)."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from vision.interpreter import import_torchvision, importing, leave

with importing():
    import_torchvision()
    from vision.training.process import run_process

_NICENESS = 5  # pages and predictions on the same machine come first


def main() -> int:
    parser = argparse.ArgumentParser(prog="vision.training", description="Carry out one training run document.")
    parser.add_argument("run", type=Path, help="path of run.json")
    os.nice(_NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run_process(parser.parse_args().run)


if __name__ == "__main__":
    leave(main())

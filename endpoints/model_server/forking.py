"""The process that the lanes are forked from: it has imported already what each of them would.

Importing torch and torchvision takes seconds of processor time and hundreds of megabytes. Forked, the lanes share both.
"""

from __future__ import annotations

import multiprocessing
import sys
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

from vision.catalog.architectures import ARCHITECTURES
from vision.inference.card import ModelCard

_SHARED = "endpoints.model_server.shared_imports"


def start_template(card: ModelCard) -> BaseContext:
    """Start the template of the lanes of this model and return the context to make them with; returns at once.

    Elsewhere than on Linux, where system libraries may not be forked once they are in use, each lane is a new process.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    builder, _, _ = ARCHITECTURES.get(card.architecture, card.task_type).builder.partition(":")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_SHARED, builder])
    forkserver.ensure_running()
    return context

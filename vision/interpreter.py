"""The interpreter's own work, left out where there is nothing for it to find: at large imports, and in the end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import NoReturn

_COMPILER = "torch._dynamo"


@contextmanager
def importing() -> Iterator[None]:
    """Imports inside aren't interrupted to look for garbage, nor is what they made searched ever after: it stays.

    Saves a fifth of the time that torch, torchvision, scikit-learn and MLflow take.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    atexit.register(gc.unfreeze)  # what extensions find kept to the end they report as leaked
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def leave(code: int) -> NoReturn:
    """End this process with everything that is registered for its end, but don't free object by object what goes with
    it anyway: one to three seconds where such libraries are loaded. So multiprocessing ends its processes.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def import_torchvision() -> None:
    """Import torchvision without torch's compiler, which takes two seconds and 150 MB: it is imported where something
    compiles.

    All torchvision wants of it at first is to know whether one of its functions could be compiled one day, and to mark
    those that never are.
    """
    if _COMPILER not in sys.modules:
        with suppress(AttributeError, ImportError, TypeError), _compiler_left_out():
            import torchvision.tv_tensors
    import torchvision  # noqa: F401  whole, where it wanted more of the compiler


@contextmanager
def _compiler_left_out() -> Iterator[None]:
    compiler, utils = (ModuleType(name) for name in (_COMPILER, f"{_COMPILER}.utils"))
    setattr(compiler, "disable", lambda function, *_, **__: function)  # noqa: B010  modules have no such attribute
    setattr(utils, "is_compile_supported", _is_compile_supported)  # noqa: B010
    stand_ins = {module.__name__: module for module in (compiler, utils)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)


def _is_compile_supported(device: str) -> bool:
    from torch._dynamo.utils import is_compile_supported

    return bool(is_compile_supported(device))

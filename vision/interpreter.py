"""The interpreter's own work, left out where there is nothing for it to find: at large imports, and in the end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

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
    """Import torchvision with torch's compiler, which takes two seconds and 150 MB, put off until something compiles.

    Torchvision asks whether one of its functions could be compiled one day and, like torch's optimizers later on, marks
    some that never are. For processes that are Darkroom's own: a packaged model leaves its host as it is.
    """
    if _COMPILER not in sys.modules:
        sys.modules[_COMPILER] = _Compiler()
        utils = ModuleType(f"{_COMPILER}.utils")
        setattr(utils, "is_compile_supported", _is_compile_supported)  # noqa: B010  modules have no such attribute
        sys.modules[utils.__name__] = utils
        try:
            with suppress(ImportError):  # of something else: another version, which gets it all below
                import torchvision.tv_tensors
        finally:
            sys.modules.pop(utils.__name__)
    import torchvision  # noqa: F401


class _Compiler(ModuleType):
    """Stands where `torch._dynamo` will: runs all as it is written, and is loaded once it is asked for more."""

    def __init__(self) -> None:
        super().__init__(_COMPILER)

    def disable(self, function: Any = None, *_: object, **__: object) -> Any:
        return function if function is not None else lambda later: later

    def graph_break(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # asked of every module there is; the path only to load more
            raise AttributeError(name)
        if sys.modules.get(_COMPILER) is self:
            del sys.modules[_COMPILER]
        return getattr(import_module(_COMPILER), name)


def _is_compile_supported(device: str) -> bool:
    return bool(import_module(f"{_COMPILER}.utils").is_compile_supported(device))

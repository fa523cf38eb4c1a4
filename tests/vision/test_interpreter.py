"""Each in a process of its own: what is imported here is imported for good."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.heavy

LOADED = "any(name == 'torch._dynamo' or name.startswith('torch._dynamo.') for name in sys.modules)"


def run(program: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)


def test_what_imports_made_is_not_searched_for_garbage() -> None:
    program = """
import gc
from vision.interpreter import importing
before = gc.get_freeze_count()
with importing():
    assert not gc.isenabled()
    import email.mime.multipart
assert gc.isenabled() and gc.get_freeze_count() > before
gc.disable()
try:
    with importing():
        import no_such_package
except ImportError:
    print(gc.isenabled())
"""
    assert (done := run(program)).stdout == "False\n", done.stderr


@pytest.mark.parametrize("code", [0, 3])
def test_leaving_does_what_is_registered_for_the_end(code: int) -> None:
    program = f"""
import atexit, sys
from vision.interpreter import leave
class Kept:
    def __del__(self):
        print("taken apart")
kept = Kept()
atexit.register(print, "registered")
sys.stdout.write("written ")
leave({code})
"""
    done = run(program)
    assert (done.returncode, done.stdout, done.stderr) == (code, "written registered\n", "")


@pytest.mark.parametrize(
    "module", ["endpoints.model_server.shared_imports", "vision.embedding.backbone", "vision.preview.drawing"]
)
def test_what_serves_and_describes_loads_no_compiler(module: str) -> None:
    done = run(f"import sys, {module}; print({LOADED}, 'torchvision' in sys.modules)")
    assert done.stdout == "False True\n", done.stderr


def test_the_compiler_is_there_for_what_compiles() -> None:
    program = f"""
import sys
from vision.interpreter import import_torchvision
import_torchvision()
assert not {LOADED}
import torch
from torchvision import ops
found = torch.compile(lambda image: ops.box_area(image) + 1, backend="eager")(torch.tensor([[0.0, 0.0, 2.0, 3.0]]))
assert found.item() == 7
assert ops.roi_align.__globals__["is_compile_supported"]("cpu")
print({LOADED})
"""
    assert (done := run(program)).stdout == "True\n", done.stderr


def test_a_version_that_wants_more_of_it_gets_it() -> None:
    program = f"""
import sys
from contextlib import contextmanager
from types import ModuleType
from vision import interpreter
@contextmanager
def left_out():
    sys.modules["torch._dynamo.utils"] = ModuleType("torch._dynamo.utils")
    try:
        yield
    finally:
        del sys.modules["torch._dynamo.utils"]
interpreter._compiler_left_out = left_out
interpreter.import_torchvision()
from torchvision import ops
assert ops.roi_align.__globals__["is_compile_supported"]("cpu")
print({LOADED})
"""
    assert (done := run(program)).stdout == "True\n", done.stderr

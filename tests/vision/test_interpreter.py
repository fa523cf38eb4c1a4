"""Each in a process of its own: what is imported here is imported for good."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.heavy


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


@pytest.mark.parametrize("entry", ["vision.training.__main__", "endpoints.model_server.shared_imports"])
def test_the_compiler_is_loaded_when_something_compiles(entry: str) -> None:
    """Not by what trains, serves, describes and draws, nor by an optimizer."""
    program = f"""
import sys
loaded = lambda: any(name.startswith("torch._dynamo.") for name in sys.modules)
import {entry}, vision.embedding.backbone, vision.preview.drawing
assert "torchvision" in sys.modules and not loaded()
import torch
weight = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.AdamW([weight])
weight.sum().backward()
optimizer.step()
assert not loaded() and weight.max() < 1
from torchvision import ops
corners = torch.tensor([[0.0, 0.0, 2.0, 3.0]])
assert torch.compile(lambda boxes: ops.box_area(boxes) + 1, backend="eager")(corners).item() == 7
assert ops.roi_align.__globals__["is_compile_supported"]("cpu") and torch._dynamo is sys.modules["torch._dynamo"]
optimizer.zero_grad()
print(loaded())
"""
    assert (done := run(program)).stdout == "True\n", done.stderr


def test_a_version_that_wants_more_of_the_compiler_gets_it() -> None:
    program = """
import sys
from vision import interpreter
interpreter.setattr = lambda module, name, value: None  # it is asked for what is not there
interpreter.import_torchvision()
from torchvision import ops
print(ops.roi_align.__globals__["is_compile_supported"]("cpu"))
"""
    assert (done := run(program)).stdout == "True\n", done.stderr

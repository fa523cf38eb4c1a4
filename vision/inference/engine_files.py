"""Which part of the engine a packaged model takes along: what its code imports, and nothing else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import vision

_ROOT = Path(vision.__file__).parent


@dataclass
class EngineFiles:
    """`paths` are files of the engine, relative to its package; `packages` the top-level packages they import."""

    paths: set[Path] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)


def find_engine_files(modules: Iterable[str]) -> EngineFiles:
    """The files that the modules import, directly or through others, at the top or inside a function.

    Imports for type checking alone do not count. What is loaded by a name in a table has to be among `modules`.
    """
    found = EngineFiles()
    waiting = list(modules)
    while waiting:
        path = _find_file(waiting.pop())
        if path is None or path in found.paths:
            continue
        found.paths.add(path)
        for name in _list_imports(_ROOT / path):
            top = name.partition(".")[0]
            if top == "vision":
                waiting.append(name)
            elif top not in sys.stdlib_module_names:
                found.packages.add(top)
        waiting.append(".".join(["vision", *path.parent.parts]))  # a module's package is run before it
        if path.name == "__init__.py" and path.parent.parts:
            waiting.append(".".join(["vision", *path.parent.parts[:-1]]))
    return found


def _find_file(module: str) -> Path | None:
    """The file of `vision.a.b`, relative to the engine; None where that is a name inside a module."""
    package, *parts = module.split(".")
    if package != "vision":
        return None
    path = Path(*parts)
    for candidate in (path / "__init__.py", path.with_suffix(".py") if path.name else path / "__init__.py"):
        if (_ROOT / candidate).is_file():
            return candidate
    return None


@lru_cache(maxsize=1024)
def _list_imports(file: Path) -> tuple[str, ...]:
    return tuple(_walk(ast.parse(file.read_text(encoding="utf-8"))))


def _walk(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _walk(child)

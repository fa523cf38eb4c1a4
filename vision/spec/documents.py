"""Safe reading of YAML and JSON documents, and where in the text a YAML path stands."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import yaml

from vision.errors import Detail, InvalidDocumentError

MAX_BYTES = 256_000
MAX_DEPTH = 40
MAX_NODES = 100_000

_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader without dates (a tag like 2024-01-31 stays text), refusing a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, dict | list):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def load_document(document: str | bytes | dict[str, Any]) -> dict[str, Any]:
    """The mapping written in `document` (YAML or JSON text, UTF-8; a mapping is handed back as it is).

    Raises:
        InvalidDocumentError: not UTF-8, too large, too deep, not YAML, or not a mapping; details carry the line.
    """
    if isinstance(document, dict):
        return document
    loaded = _load(_decode(document))
    if not isinstance(loaded, dict):
        raise InvalidDocumentError(
            "The document is empty." if loaded is None else "The document is not a mapping of keys to values.",
            hint="Give one key a line, as in `task: image_classification`.",
        )
    return {str(key): value for key, value in loaded.items()}


def write_document(document: dict[str, Any]) -> str:
    """A document as YAML, its keys in the order given."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def find_line(text: str, path: str) -> int | None:
    """The line (from 1) at which the YAML path stands in `text`, or that of its nearest parent that is there."""
    return _find_line(_compose(text), path)


def with_lines(error: InvalidDocumentError, document: str | bytes | dict[str, Any]) -> InvalidDocumentError:
    """The same error, its details given the line of their path where the document is text."""
    if isinstance(document, dict):
        return error
    root = _compose(_decode(document))
    error.details = [
        detail if detail.line or not detail.path else replace(detail, line=_find_line(root, detail.path))
        for detail in error.details
    ]
    return error


def _compose(text: str) -> Any:
    try:
        return yaml.compose(text, Loader=_Base)
    except (yaml.YAMLError, RecursionError):
        return None


def _find_line(node: Any, path: str) -> int | None:
    line: int | None = None
    for part in [part for part in path.replace("[", ".").replace("]", "").split(".") if part]:
        found = _step(node, part)
        if found is None:
            break
        line, node = found
    return line


def _step(node: Any, part: str) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        return node.value[int(part)].start_mark.line + 1, node.value[int(part)]
    return None


def _decode(document: str | bytes) -> str:
    if len(document) > MAX_BYTES:
        raise InvalidDocumentError(f"The document is larger than {MAX_BYTES // 1000} kB.")
    if isinstance(document, str):
        return document
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDocumentError(f"The document is not UTF-8 text: byte {error.start} cannot be read.") from None


def _load(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass  # YAML's flow style starts with a brace too
    try:
        _check_size(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a subclass of the safe loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _syntax_error(error) from None


def _check_size(text: str) -> None:
    """Refuse what would grow when read: deep nesting, and aliases that multiply each other."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(str(event.anchor), MAX_NODES)  # an alias within its own anchor never ends
        elif isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                open_nodes.append((event.anchor, total))
            elif event.anchor:
                sizes[event.anchor] = 1
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MAX_NODES or len(open_nodes) > MAX_DEPTH:
            raise InvalidDocumentError("The document is too large or too deeply nested once its aliases are expanded.")


def _syntax_error(error: Exception) -> InvalidDocumentError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    line = mark.line + 1 if mark is not None else None
    where = f" at line {line}" if line else ""
    return InvalidDocumentError(
        f"The document cannot be read as YAML or JSON{where}: {problem}.",
        hint="Check the indentation and the quotes there.",
        details=[Detail(str(problem), code="syntax", line=line)],
    )

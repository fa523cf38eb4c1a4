"""One small registry: named entries in a fixed order, each resolved on first use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar

from vision.errors import NotFoundError


class Named(Protocol):
    """What a registry holds: a frozen entry with a name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """An explicit list of entries, looked up by name."""

    def __init__(self, kind: str, entries: Iterable[T]) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        for entry in entries:
            if entry.name in self._entries:
                raise ValueError(f"{kind} {entry.name!r} is listed twice")
            self._entries[entry.name] = entry

    def get(self, name: str) -> T:
        """The entry of that name.

        Raises:
            NotFoundError: no such entry; the hint lists the valid names.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise NotFoundError(
                f"There is no {self.kind} named {name!r}.", hint=f"Known: {', '.join(self._entries)}."
            ) from None

    def names(self) -> list[str]:
        """Every name, in the order of the list."""
        return list(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def load_dotted(path: str) -> Any:
    """The object at `package.module:attribute`, imported now."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)

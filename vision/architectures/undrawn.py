"""Networks that get all their weights right after they are built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.nn import init

_DRAWING = [name for name in vars(init) if name.endswith("_") and not name.startswith("_")]
_one_at_a_time = threading.RLock()


@contextmanager
def undrawn() -> Iterator[None]:
    """Whoever builds a network inside loads a tensor for each of its weights: none is drawn at random before, which
    takes longer than to load them.

    It is functions as a whole that do nothing, since one draws anew until all numbers fit. Other threads draw as ever.
    """
    owner: list[int] = [threading.get_ident()]
    with _one_at_a_time:
        originals = {name: getattr(init, name) for name in _DRAWING}
        for name, original in originals.items():
            setattr(init, name, _leave_alone(original, owner))
        try:
            yield
        finally:
            owner.clear()  # a library that is imported inside may have kept one of ours
            for name, original in originals.items():
                setattr(init, name, original)


def _leave_alone(draw: Callable[..., Tensor], owner: list[int]) -> Callable[..., Tensor]:
    def draw_for_others(tensor: Tensor, *args: Any, **options: Any) -> Tensor:
        return tensor if threading.get_ident() in owner else draw(tensor, *args, **options)

    return draw_for_others

"""Arithmetic of traffic shares."""

from __future__ import annotations

from collections.abc import Mapping


def share_out(current: Mapping[str, int], name: str, share: int) -> dict[str, int]:
    """`name` gets `share` per cent, the others keep their proportions in the rest; whole numbers summing to 100.

    Where no other has traffic there is nothing to share the rest with: `name` gets all, or nothing has any.
    """
    others = {key: value for key, value in current.items() if key != name and value > 0}
    if not others:
        return {name: 100} if share else {}
    rest, total = 100 - share, sum(others.values())
    exact = {key: rest * value / total for key, value in others.items()}
    shares = {key: int(value) for key, value in exact.items()}
    left = rest - sum(shares.values())
    for key in sorted(exact, key=lambda key: (shares[key] - exact[key], key))[:left]:
        shares[key] += 1
    return {key: value for key, value in {**shares, name: share}.items() if value}

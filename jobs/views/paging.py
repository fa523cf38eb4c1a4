"""What the addresses of prediction pages ask for: filters, order and place, carried from page to image and on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from jobs.predictions import Neighbours
from jobs.views.chosen import Chosen


@dataclass(frozen=True)
class Asked:
    """`given` holds the filters (empty where not asked for), the order, and how an image is shown (`view`)."""

    given: dict[str, str]
    filters: tuple[str, ...]
    cursor: str | None

    @property
    def order(self) -> str:
        return self.given["order"]

    @property
    def is_filtered(self) -> bool:
        return any(self.given[name] for name in self.filters)

    def query_after(self, cursor: str | None, kept: dict[str, str]) -> str:
        """The query of the page that begins at a cursor."""
        return urlencode(self._set() | kept | {"cursor": cursor or ""})

    def query_without_filters(self, kept: dict[str, str]) -> str:
        return urlencode(({} if self.order == "worst" else {"order": self.order}) | kept)

    def image_url(self, chosen: Chosen, row: int) -> str:
        """An image's page, from which the next one is that of this list."""
        trial = chosen.trial
        address = reverse("jobs:prediction", args=[trial.job.name, trial.number, row])
        query = urlencode(self._set() | chosen.kept)
        return f"{address}?{query}" if query else address

    def with_view(self, view: str) -> Asked:
        return replace(self, given=self.given | {"view": view})

    def neighbour_urls(self, chosen: Chosen, found: Neighbours) -> dict[str, str]:
        """`before_url`, `after_url` (empty at the ends) and `list_url` of an image's page."""
        trial = chosen.trial
        base = reverse("jobs:trial-tab", args=[trial.job.name, trial.number, "predictions"])
        query = urlencode(self._set() | chosen.kept)
        return {
            "before_url": "" if found.before is None else self.image_url(chosen, found.before),
            "after_url": "" if found.after is None else self.image_url(chosen, found.after),
            "list_url": f"{base}?{query}" if query else base,
        }

    def _set(self) -> dict[str, str]:
        """What differs from a page that nothing is asked of. A cell of a matrix is two names, of which one may be
        empty."""
        has_cell = self.given.get("cell") == "1"
        kept_empty = {"truth", "predicted"} if has_cell else set()
        return {
            name: value
            for name, value in self.given.items()
            if (value or name in kept_empty) and (name, value) != ("order", "worst")
        }


def read_asked(request: HttpRequest, orders: Iterable[str], filters: tuple[str, ...]) -> Asked:
    """What the address asks for; an order that there is not is the first of `orders`."""
    known = list(orders)
    order = request.GET.get("order", "")
    view = "one" if request.GET.get("view") == "one" else ""
    given = {name: request.GET.get(name, "") for name in filters}
    given |= {"order": order if order in known else known[0], "view": view}
    return Asked(given, filters, request.GET.get("cursor") or None)

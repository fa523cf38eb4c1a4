"""A small REST client of Darkroom, as a user's script would be written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from vision.errors import DarkroomError


class Client:
    """Calls `/api/v1` with the bearer token and turns error answers into `DarkroomError`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=180
        )

    def page(self, path: str) -> str:
        """The address of a page."""
        return f"{self.url}{path}"

    def get(self, path: str) -> Any:
        return _answer(self._http.get(path))

    def post(self, path: str, document: dict[str, Any] | None = None) -> Any:
        return _answer(self._http.post(path, json=document or {}))

    def delete(self, path: str) -> Any:
        return _answer(self._http.delete(path))

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        with file.open("rb") as stream:
            return _answer(self._http.post(path, data=fields, files={"file": (file.name, stream)}))

    def wait(self, path: str, is_done: Callable[[Any], bool], on_change: Callable[[Any], None], limit: float) -> Any:
        """Poll until `is_done`, telling each answer to `on_change`.

        Raises:
            DarkroomError: `limit` seconds have passed.
        """
        end = time.monotonic() + limit
        while time.monotonic() < end:
            answer = self.get(path)
            on_change(answer)
            if is_done(answer):
                return answer
            time.sleep(0.5)
        raise DarkroomError(f"{path} did not finish within {limit:.0f} s.", hint="See its page for what it is doing.")


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        error = response.json()["error"]
        raise DarkroomError(error["message"], hint=error.get("hint", ""), code=error.get("code", "error"))
    except (ValueError, KeyError):
        raise DarkroomError(f"{response.request.url} answered {response.status_code}.") from None

"""A small real server in the place of a model server: answers as the request asks it to.

`{"input_data": {"data": ["<order>"]}}` with an order of `ok`, `sleep:<seconds>`, `status:<code>`, `crash`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import uvicorn

_seen = {"predictions": 0}


async def application(scope, receive, send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    status, answer = await _obey(scope["path"], body)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def _obey(path: str, body: bytes) -> tuple[int, object]:
    data = json.loads(body)["input_data"]["data"] if body else ["ok"]
    order, _, value = str(data[0]).partition(":")
    if order == "sleep":
        await asyncio.sleep(float(value))
    if order == "crash":
        os._exit(1)
    if order == "status":
        return int(value), {"error": {"code": "asked_for", "message": "as asked", "hint": "", "details": []}}
    if path == "/predict":
        _seen["predictions"] += 1
    if order == "seen":
        return 200, _seen
    return 200, [{"path": path, "port": int(sys.argv[1]), "images": len(data), "first": data[0]}]


if __name__ == "__main__":
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", log_level="warning")

"""Answers every image as a classifier would, in SPEC §3.2's shape, by the request parser that model servers use."""

from __future__ import annotations

import base64
import json
import sys

import uvicorn

from vision.spec.scoring import parse_scoring_request


def serve(answer_one) -> None:
    """Answer on the port that the command line names."""

    async def application(scope, receive, send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = [answer_one(item) for item in parse_scoring_request(body)] if body else []
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", log_level="warning")


def _answer(item) -> dict:
    answer = {"probs": [0.25, 0.75], "labels": ["nut", "washer"], "size": len(item.image)}
    if item.xai is not None:
        answer["visualizations"] = base64.b64encode(item.image).decode()
    return answer


if __name__ == "__main__":
    serve(_answer)

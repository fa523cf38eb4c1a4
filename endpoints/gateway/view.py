"""The gateway as a Django view: multipart forms, and everything the ASGI short cut leaves to it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from endpoints.gateway.multipart import body_from_form
from endpoints.gateway.score import DEPLOYMENT_HEADER, Answer, ScoringError, bearer_key, score_request
from vision.errors import UserError


@csrf_exempt
@login_not_required
async def score(request: HttpRequest, name: str) -> HttpResponse:
    """`POST /endpoints/<name>/score`, with a key instead of a session."""
    if request.method != "POST":
        return HttpResponse("Send images by POST.", status=405, headers={"Allow": "POST"}, content_type="text/plain")
    try:
        body = _read_body(request)
    except UserError as error:
        return to_response(Answer.from_error(error))
    key = bearer_key(request.headers.get("Authorization", ""))
    deployment = request.headers.get(DEPLOYMENT_HEADER)
    return to_response(await score_request(name, body, key=key, deployment=deployment))


def to_response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def _read_body(request: HttpRequest) -> bytes:
    try:
        if (request.content_type or "") == "multipart/form-data":
            return body_from_form(request)
        return bytes(request.body)
    except RequestDataTooBig:
        raise ScoringError(
            "The request is larger than 64 MiB.", hint="Send fewer images at once.", code="too_large", status=413
        ) from None

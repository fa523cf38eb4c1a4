from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse

from studio.health import check_health


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """200 once web, database, broker and an agent are up, 503 with the missing part before."""
    parts = check_health()
    missing = [name for name, state in parts.items() if state != "ok"]
    body: dict[str, object] = {"status": "unavailable" if missing else "ok", **parts}
    if missing:
        body["missing"] = missing
    return JsonResponse(body, status=503 if missing else 200)

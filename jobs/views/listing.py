"""The list of jobs."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs import selectors
from jobs.models import Job, Status
from jobs.models.status import ENDED
from jobs.views.common import page, with_progress

_PAGE = 50


@page
@require_GET
def list_jobs(request: HttpRequest) -> HttpResponseBase:
    """Newest first; filter, search and place live in the address."""
    status, search = request.GET.get("status", ""), request.GET.get("search", "").strip()
    before = request.GET.get("before", "")
    jobs = selectors.list_jobs()
    if status in Status.values:
        jobs = jobs.filter(status=status)
    if search:
        jobs = jobs.filter(
            Q(name__icontains=search)
            | Q(display_name__icontains=search)
            | Q(experiment_name__icontains=search)
            | Q(training_data__dataset__name__icontains=search)
        )
    if before.isdecimal() and len(before) < 15:
        jobs = jobs.filter(pk__lt=int(before))
    found = list(jobs[: _PAGE + 1])
    shown = found[:_PAGE]
    query = request.GET.copy()
    if len(found) > _PAGE:
        query["before"] = str(shown[-1].pk)
    is_running = any(job.status not in ENDED for job in shown)
    context = {
        "nav": "jobs",
        "rows": with_progress(shown),
        "next_query": query.urlencode() if len(found) > _PAGE else "",
        "statuses": Status.choices,
        "status": status,
        "search": search,
        "has_jobs": bool(shown) or Job.objects.exists(),
        "page_live_url": request.get_full_path() if is_running else "",
    }
    return render(request, "jobs/list.html", context)

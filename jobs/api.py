"""REST: `/api/v1/jobs`."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Status

from datasets.http import paginate, read_document
from jobs import selectors
from jobs.api_predictions import PredictionQuery, Split, list_predictions
from jobs.events import stream_job
from jobs.logged import list_logged
from jobs.models import Job
from jobs.services import control
from jobs.services.submission import submit_job
from vision.errors import NotFoundError
from vision.spec.documents import write_document
from vision.spec.schema import job_schema

router = Router(tags=["jobs"])
Body = dict[str, Any]
_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": job_schema()},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}
_SHOWN_BY_BROWSERS = ("image/png", "image/jpeg", "image/webp", "application/json", "text/plain")


@router.post("", response={201: Body}, summary="Submit an AutoML image job", openapi_extra=_DOCUMENT)
def create(request: HttpRequest) -> Status[Body]:
    """JSON, or the Azure CLI's YAML. The header `Idempotency-Key` makes a repeated call give the same job."""
    key = request.headers.get("Idempotency-Key")
    job = submit_job(read_document(request), user=_caller(request), submission_key=key)
    return Status(201, selectors.job_to_dict(job))


@router.get("", response=Body, summary="Jobs, newest first")
def index(request: HttpRequest, cursor: str | None = None, limit: int = 50, status: str | None = None) -> Body:
    jobs, following = selectors.page_jobs(cursor, limit, status)
    return paginate((selectors.job_to_dict(job) for job in jobs), following)


@router.get("/{name}", response=Body, summary="One job: status, progress, best trial, document")
def detail(request: HttpRequest, name: str) -> Body:
    return selectors.job_to_dict(selectors.get_job(name))


@router.post("/{name}/cancel", response={202: Body}, summary="Cancel a job")
def cancel(request: HttpRequest, name: str) -> Status[Body]:
    control.cancel_job(selectors.get_job(name))
    return Status(202, selectors.job_to_dict(selectors.get_job(name)))


@router.post("/{name}/clone", response=Body, summary="The job's document without its name, to change and submit")
def clone(request: HttpRequest, name: str) -> Body:
    document = control.clone_document(selectors.get_job(name))
    return {"document": document, "yaml": write_document(document)}


@router.get("/{name}/events", response=None, summary="Server-sent events: job, trial, metric, end")
def events(request: HttpRequest, name: str) -> StreamingHttpResponse:
    job: Job = selectors.get_job(name)
    seen = request.headers.get("Last-Event-ID", "")
    stream = stream_job(job.name, int(seen) if seen.isdecimal() and len(seen) < 16 else 0)
    response = StreamingHttpResponse(stream, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


@router.get("/{name}/trials", response=Body, summary="The trials of a job")
def trials(request: HttpRequest, name: str) -> Body:
    return paginate(selectors.trial_to_dict(trial) for trial in selectors.list_trials(selectors.get_job(name)))


@router.get("/{name}/trials/{int:number}", response=Body, summary="One trial")
def trial(request: HttpRequest, name: str, number: int) -> Body:
    return selectors.trial_to_dict(selectors.get_trial(name, number))


@router.get("/{name}/trials/{int:number}/metrics", response=Body, summary="Every metric by epoch")
def metrics(request: HttpRequest, name: str, number: int) -> Body:
    found = selectors.get_trial(name, number)
    return {
        "primary_metric": found.job.primary_metric,
        "best_epoch": found.best_epoch,
        "series": selectors.metric_series(found),
    }


@router.get("/{name}/trials/{int:number}/evaluation", response=Body, summary="Confusion matrix, curves, classes")
def evaluation(request: HttpRequest, name: str, number: int, split: Split = "validation") -> Body:
    """The whole report of a split. `splits` says which there are, `beside` has the metrics of the others.

    Test images are scored for the best trial of a job that has ended. `logged` has the tables under the names that
    Azure logs them by.
    """
    found = selectors.get_trial(name, number)
    loaded = selectors.get_evaluation(found, split)
    if loaded is None:
        raise NotFoundError(
            f"Trial {found.name} has no evaluation on {split} images: it is {found.get_status_display().lower()}.",
            hint="It is written when the trial is completed; test is for the best trial of a job, where the dataset "
            "holds test images out.",
        )
    splits = selectors.list_splits(found)
    others = {other: selectors.get_evaluation(found, other) for other in splits if other != split}
    beside = {
        other: {key: report[key] for key in ("images", "metrics", "confidence")}
        for other, report in others.items()
        if report is not None
    }
    return loaded | {"splits": splits, "beside": beside, "logged": list_logged(loaded)}


@router.get("/{name}/trials/{int:number}/predictions", response=Body, summary="Predicted images, worst first")
def predictions(
    request: HttpRequest,
    name: str,
    number: int,
    chosen: Query[PredictionQuery],
) -> Body:
    """Images with all that is asked for at once, the most wrong first; those of another split, or at another score
    threshold than the model's own.

    Of models that name images: those with a label name in `truth`, in `predicted`, `missed`, or `false`ly given.
    Multi-label trials have lists where multi-class ones have one name. Of models that find objects: those with a
    `label`, a kind of mistake (`error`), a label that was `found`, that was not (`lost`), a wrong find of one
    (`false`), an object of a `size` that was not found, or an `outcome` of the whole image.
    """
    trial = selectors.get_trial(name, number)
    page = list_predictions(trial, chosen)
    return paginate(page.rows, page.next) | {"total": page.total}


@router.get("/{name}/trials/{int:number}/logs", response=Body, summary="The log from a character on")
def logs(request: HttpRequest, name: str, number: int, offset: int = 0) -> Body:
    found = selectors.get_trial(name, number)
    text, following = selectors.trial_log(found, offset)
    return {"text": text, "offset": max(0, offset), "next_offset": following, "is_ended": found.is_ended}


@router.get("/{name}/trials/{int:number}/outputs", response=Body, summary="The files of a trial")
def outputs(request: HttpRequest, name: str, number: int) -> Body:
    return paginate(selectors.list_outputs(selectors.get_trial(name, number)))


@router.get("/{name}/trials/{int:number}/outputs/{path:path}", response=None, summary="One of its files")
def output(request: HttpRequest, name: str, number: int, path: str) -> FileResponse:
    file = selectors.open_output(selectors.get_trial(name, number), path)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    shown = kind in _SHOWN_BY_BROWSERS  # anything that could carry a script is only ever downloaded
    content_type = kind if shown else "application/octet-stream"
    return FileResponse(file, as_attachment=not shown, filename=path.rpartition("/")[2], content_type=content_type)


@router.post("/{name}/trials/{int:number}/further", response=Body, summary="The document that trains a trial further")
def further(request: HttpRequest, name: str, number: int) -> Body:
    """To change and submit: it goes on where a stopped trial stopped, or starts from the best weights of another."""
    document = control.further_document(selectors.get_trial(name, number))
    return {"document": document, "yaml": write_document(document)}


@router.post("/{name}/trials/{int:number}/cancel", response={202: Body}, summary="Cancel a trial")
def cancel_trial(request: HttpRequest, name: str, number: int) -> Status[Body]:
    control.cancel_trial(selectors.get_trial(name, number))
    return Status(202, selectors.trial_to_dict(selectors.get_trial(name, number)))


def _caller(request: HttpRequest) -> Any:
    return getattr(request, "auth", None) or request.user

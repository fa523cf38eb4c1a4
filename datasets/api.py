"""REST: `/api/v1/datasets`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from datasets import selectors, services
from datasets.api_similar import router as similar_router
from datasets.api_versions import router as versions_router
from datasets.filters import ItemQuery
from datasets.http import acting_user, paginate, read_number
from datasets.new_version import CREATE_SCHEMA, read_new_version

router = Router(tags=["datasets"])
router.add_router("", versions_router)
router.add_router("", similar_router)
Body = dict[str, Any]


@router.post("", response={202: Body}, summary="Import a dataset, or its next version", openapi_extra=CREATE_SCHEMA)
def create(request: HttpRequest) -> Status[Body]:
    """Of `file`, `transfer_group`, `path` and `url` give one: an archive in the form, files sent to /api/v1/transfers
    before, a folder or archive of the server, an address. The last two as far as the administrator allows."""
    version = services.create_version(user=acting_user(request), **read_new_version(request))
    return Status(202, selectors.version_to_summary(version))


@router.get("", response=Body, summary="Datasets with their newest version")
def index(request: HttpRequest) -> Body:
    return paginate(selectors.version_to_summary(version) for version in selectors.list_newest_versions())


@router.get("/{name}", response=Body, summary="The versions of a dataset, newest first")
def versions(request: HttpRequest, name: str) -> Body:
    dataset = selectors.get_dataset(name)
    listed = dataset.versions.select_related("dataset").defer("report", "statistics")
    return paginate(selectors.version_to_summary(version) for version in listed)


@router.get("/{name}/versions/{version}", response=Body, summary="One version; `latest` is the newest")
def detail(request: HttpRequest, name: str, version: str) -> Body:
    return selectors.version_to_dict(selectors.find_version(name, version))


@router.get("/{name}/versions/{version}/items", response=Body, summary="A page of its images")
def items(
    request: HttpRequest,
    name: str,
    version: str,
    query: Query[ItemQuery],
    cursor: str | None = None,
    limit: int = 60,
) -> Body:
    """The annotation is the canonical label cell. One larger than its share of 8 MiB is left out, and that is said:
    ask for fewer images at once to get it."""
    found = selectors.find_version(name, version)
    page = selectors.list_items(found, query.to_filter(), sort=query.sort, cursor=cursor, limit=limit)
    rows = [selectors.item_to_dict(found, row) for row in page.rows]
    return paginate(rows, page.next) | {"total": page.total}


@router.get("/{name}/versions/{version}/report", response=Body, summary="A page of what its import found wrong")
def report(
    request: HttpRequest,
    name: str,
    version: str,
    severity: str = "",
    code: str = "",
    cursor: str | None = None,
    limit: int = 200,
) -> Body:
    found = selectors.find_version(name, version)
    offset = read_number(cursor)
    limit = max(1, min(limit, 1000))
    rows, total = selectors.list_findings(found, severity=severity, code=code, offset=offset, limit=limit)
    following = str(offset + limit) if offset + limit < total else None
    return paginate(rows, following) | {"total": total}


@router.delete("/{name}/versions/{version}", response={204: None}, summary="Delete a version")
def delete_version(request: HttpRequest, name: str, version: str, force: bool = False) -> Status[None]:
    services.delete_version(selectors.find_version(name, version), force)
    return Status(204, None)


@router.delete("/{name}", response={204: None}, summary="Delete a dataset with all its versions")
def delete(request: HttpRequest, name: str, force: bool = False) -> Status[None]:
    services.delete_dataset(selectors.get_dataset(name), force)
    return Status(204, None)

"""Pages of datasets. Names of pages (`new`, `sample`) are no dataset's name."""

from django.urls import include, path

from datasets.views import (
    creating,
    detail,
    exporting,
    health,
    images,
    importing_again,
    listing,
    maps,
    report,
    similar,
    versions,
)

app_name = "datasets"
urlpatterns = [
    path("", listing.listing, name="list"),
    path("", include("datasets.urls_ways_in")),
    path("new/", creating.new, name="new"),
    path("sample/", creating.sample, name="sample"),
    path("<str:name>/", detail.overview, name="detail"),
    path("<str:name>/images/", images.grid, name="images"),
    path("<str:name>/images/<int:row>/", images.viewer, name="row"),
    path("<str:name>/images/<int:row>/thumb/", maps.row_thumb, name="row-thumb"),
    path("<str:name>/similar/", similar.similar, name="similar"),
    path("<str:name>/map/", maps.map_page, name="map"),
    path("<str:name>/versions/<int:number>/map/again/", maps.again, name="map-again"),
    path("<str:name>/labels/", images.labels, name="labels"),
    path("<str:name>/report/", report.report, name="report"),
    path("<str:name>/report/findings.jsonl", report.findings, name="findings"),
    path("<str:name>/health/", health.health, name="health"),
    path("<str:name>/versions/", versions.versions, name="versions"),
    path("<str:name>/versions/compare/", versions.compare, name="compare"),
    path("<str:name>/exports/", exporting.exports, name="exports"),
    path("<str:name>/exports/<uuid:export_id>/download/", exporting.download, name="export-download"),
    path("<str:name>/exports/<uuid:export_id>/delete/", exporting.delete, name="export-delete"),
    path("<str:name>/jobs/", detail.jobs, name="jobs"),
    path("<str:name>/versions/<int:number>/edit/", versions.edit, name="edit"),
    path("<str:name>/versions/<int:number>/corrections/", versions.corrections, name="corrections"),
    path("<str:name>/versions/<int:number>/import-again/", importing_again.import_again, name="import-again"),
    path("<str:name>/versions/<int:number>/export/", exporting.export, name="export"),
    path("<str:name>/versions/<int:number>/delete/", versions.delete, name="delete"),
    path("<str:name>/versions/<int:number>/images/<str:sha256>", images.image, name="image"),
    path("<str:name>/versions/<int:number>/thumbs/<str:sha256>.webp", images.thumb, name="thumb"),
]

"""Every page, in light and dark, at 1440 and 390 px."""

import pytest

from tests.browser.conftest import DATASET, ENDPOINT, JOB, MODEL, VARIANTS, close_context, variants_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATHS = [
    "/",
    "/account/",
    "/datasets/",
    "/datasets/new/",
    f"/datasets/{DATASET}/",
    f"/datasets/{DATASET}/images/",
    f"/datasets/{DATASET}/health/",
    f"/datasets/{DATASET}/map/",
    f"/datasets/{DATASET}/versions/",
    f"/datasets/{DATASET}/versions/1/delete/",
    f"/datasets/{DATASET}/versions/1/export/",
    f"/datasets/{DATASET}/exports/",
    f"/datasets/{DATASET}/jobs/",
    "/jobs/",
    "/jobs/new/",
    "/jobs/new/?step=2",
    "/jobs/new/?step=3",
    f"/jobs/{JOB}/",
    f"/jobs/{JOB}/trials/",
    f"/jobs/{JOB}/compare/",
    f"/jobs/{JOB}/config/",
    f"/jobs/{JOB}/logs/",
    f"/jobs/{JOB}/trials/0/",
    f"/jobs/{JOB}/trials/0/metrics/",
    f"/jobs/{JOB}/trials/0/evaluation/",
    f"/jobs/{JOB}/trials/0/predictions/",
    f"/jobs/{JOB}/trials/0/config/",
    f"/jobs/{JOB}/trials/0/logs/",
    f"/jobs/{JOB}/trials/0/files/",
    f"/jobs/{JOB}/cancel/",
    "/models/",
    f"/models/{MODEL}/versions/1/",
    f"/models/{MODEL}/versions/1/evaluation/",
    f"/models/{MODEL}/versions/1/lineage/",
    f"/models/{MODEL}/versions/1/settings/",
    f"/models/{MODEL}/versions/1/files/",
    "/endpoints/",
    "/endpoints/new/",
    f"/endpoints/{ENDPOINT}/",
    f"/endpoints/{ENDPOINT}/test/",
    f"/endpoints/{ENDPOINT}/consume/",
    f"/endpoints/{ENDPOINT}/logs/",
    f"/endpoints/{ENDPOINT}/settings/",
    "/compute/",
    "/help/",
    "/help/parameters/",
    "/api/docs",
]


@pytest.mark.parametrize("path", PATHS)
def test_page(pages, main_job, check_page, path):
    for variant in variants_of(path):
        check_page(pages[variant], path)


def test_a_page_that_is_not_there(pages, check_page):
    for variant in VARIANTS:
        check_page(pages[variant], "/nowhere/", status=404)


def test_the_sign_in_page(browser, darkroom, check_page):
    context = browser.new_context(base_url=darkroom.url)
    check_page(context.new_page(), "/sign-in/")
    close_context(context)

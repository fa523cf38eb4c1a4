from __future__ import annotations

import json

import pytest

from tests.datasets.factories import create_ready_version, dataset_files
from vision.data.finding_codes import explain_code

pytestmark = [pytest.mark.services, pytest.mark.django_db]
BAD = [
    "{bad",
    '{"image_url": "images/<script>alert(1)</script>.jpg", "label": "red"}',
    '{"image_url": 5, "label": "red"}',
]


def with_bad_lines(count: int) -> dict:
    files = dataset_files()
    files["training-mltable-folder/train_annotations.jsonl"] += "\n".join(BAD * count)
    return files


@pytest.fixture
def version(storage):
    return create_ready_version(files=with_bad_lines(50))


def test_kinds_and_findings_with_their_place(signed_in, version):
    page = signed_in.get(f"/datasets/{version.dataset.name}/report/").content.decode()
    assert "Lines that are not JSON" in page
    assert "training-mltable-folder/train_annotations.jsonl:13" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "1–100 of 150" in page


def test_images_are_offered_of_the_kinds_that_left_some(signed_in, storage):
    files = dataset_files()
    line = files["training-mltable-folder/train_annotations.jsonl"].splitlines()[0]
    files["training-mltable-folder/train_annotations.jsonl"] += line.replace("red", "blue") + "\n" + BAD[0]
    page = signed_in.get(f"/datasets/{create_ready_version(files=files).dataset.name}/report/").content.decode()
    assert "Lines that are not JSON" in page
    assert "problem=conflicting_labels" in page
    assert "problem=invalid_json" not in page


def test_pages_and_filters(signed_in, version):
    address = f"/datasets/{version.dataset.name}/report/"
    assert "101–150 of 150" in signed_in.get(address, {"page": 1}).content.decode()
    assert "1–50 of 50" in signed_in.get(address, {"code": "invalid_json"}).content.decode()
    assert "No finding of this kind" in signed_in.get(address, {"severity": "warning"}).content.decode()
    assert signed_in.get(address, {"page": "-1", "code": "'; DROP", "severity": "x"}).status_code == 200


def test_all_findings_can_be_taken_along(signed_in, version):
    answer = signed_in.get(f"/datasets/{version.dataset.name}/report/findings.jsonl")
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert len(rows) == 150
    assert rows[0] | {"message": ""} == {
        "message": "",
        "code": "invalid_json",
        "severity": "error",
        "file": "training-mltable-folder/train_annotations.jsonl",
        "line": 13,
        "action": "dropped",
    }


def test_a_broken_download_of_findings_goes_on(signed_in, version):
    address = f"/datasets/{version.dataset.name}/report/findings.jsonl"
    whole = signed_in.get(address)
    content = b"".join(whole.streaming_content)
    assert int(whole["Content-Length"]) == len(content)
    rest = signed_in.get(address, headers={"Range": "bytes=100-", "If-Range": whole["ETag"]})
    assert (rest.status_code, b"".join(rest.streaming_content)) == (206, content[100:])


def test_over_rest(api, version):
    path = f"/api/v1/datasets/{version.dataset.name}/versions/1/report"
    first = api.get(path, {"limit": 100}).json()
    rest = api.get(path, {"limit": 100, "cursor": first["next"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"], rest["total"]) == (100, 50, None, 150)


def test_a_refused_import_keeps_its_findings(signed_in, storage):
    files = dataset_files(train=3, validation=0)
    files["training-mltable-folder/train_annotations.jsonl"] += "{bad"
    version = create_ready_version(name="few", files=files)
    assert version.status == "failed"
    assert "Lines that are not JSON" in signed_in.get("/datasets/few/report/").content.decode()


def test_a_code_nobody_described_still_has_a_title():
    assert explain_code("some_new_code").title == "Some new code"


def test_findings_that_are_counted_and_not_listed_are_said(signed_in, version):
    version.report["counts"]["errors"] = 1_234
    version.save(update_fields=["report"])
    address = f"/datasets/{version.dataset.name}/report/"
    assert "of 150 listed; 1\u202f234 were counted" in signed_in.get(address).content.decode()
    assert "were counted" not in signed_in.get(address, {"code": "invalid_json"}).content.decode()

"""The Health tab: what the checks say of figures, and the page of versions imported for real."""

from __future__ import annotations

import html
import json
import re

import pytest

from datasets import charts, selectors
from datasets.filters import read_query
from datasets.health import Facts, Level, judge
from datasets.models import DatasetVersion
from tests.datasets.factories import (
    HOSTILE,
    MLTABLE,
    browse_row,
    create_browse_version,
    create_ready_version,
    dataset_files,
    image_bytes,
    json_lines,
    upload,
)
from vision.data.statistics import describe_manifest

pytestmark = [pytest.mark.services, pytest.mark.django_db]
PARTS = {"training": "train_annotations.jsonl", "validation": "validation_annotations.jsonl"}


def files_of(cells: dict[str, list], same: dict[str, str] | None = None) -> dict:
    """An upload: a picture for each cell of a part; `same` names pictures that are copies of another."""
    files: dict = {}
    for part, labels in cells.items():
        rows = [{"image_url": f"images/{part}_{number}.jpg", "label": label} for number, label in enumerate(labels)]
        for number, row in enumerate(rows):
            colour = (40 * len(part) % 256, 9 * number % 256, 100)
            files[row["image_url"]] = image_bytes(colour, size=(100 + number, 80))
        files[f"{part}-mltable-folder/MLTable"] = MLTABLE.format(file=PARTS[part])
        files[f"{part}-mltable-folder/{PARTS[part]}"] = json_lines(rows)
    for copy, source in (same or {}).items():
        files[f"images/{copy}.jpg"] = files[f"images/{source}.jpg"]
    return files


def box(label: str, corners=(0.1, 0.2, 0.5, 0.6)) -> dict:
    left, top, right, bottom = corners
    return {"label": label, "topX": left, "topY": top, "bottomX": right, "bottomY": bottom, "isCrowd": 0}


def read_page(client, version: DatasetVersion, **query) -> str:
    address = {"version": version.number} | query
    answer = client.get(f"/datasets/{version.dataset.name}/health/", address)
    assert answer.status_code == 200
    return answer.content.decode()


def read_chart(page: str, name: str) -> dict:
    found = re.search(rf'<script id="{name}-options" type="application/json">(.*?)</script>', page)
    assert found, f"no chart {name}"
    return json.loads(found[1])


def read_links(page: str, title: str) -> dict[str, str]:
    """Where the verdict with this title leads to, by the words of the link."""
    item = next(
        item for item in re.findall(r"<li class=\"is-.*?</li>", page, re.DOTALL) if title in html.unescape(item)
    )
    links = re.findall(r'<a href="([^"]*)">([^<]*)', item)
    return {text: html.unescape(url) for url, text in links}


def count_images(client, version: DatasetVersion, url: str) -> int:
    """How many images the grid shows at an address."""
    assert client.get(url).status_code == 200
    from django.http import QueryDict

    query = read_query(QueryDict(url.partition("?")[2].partition("#")[0]))
    return selectors.list_items(version, query.to_filter(), sort=query.sort).total


def test_a_healthy_version_is_said_to_be(signed_in, storage):
    version = create_ready_version(files=files_of({"training": ["a", "b"] * 10, "validation": ["a", "b"] * 25}))
    page = read_page(signed_in, version)
    assert "Every class has 10 training images or more" in page
    assert "No image stands in two splits" in page
    assert "Every class has validation images" in page
    assert "The classes have about as many images each" in page
    assert "What deserves attention" not in page
    assert 'aria-current="page"' in page


def test_classes_by_split(signed_in, storage):
    version = create_ready_version(files=files_of({"training": ["a"] * 24 + ["b"] * 2, "validation": ["a"] * 3}))
    page = read_page(signed_in, version)
    balance = read_chart(page, "class-images")
    assert balance["yAxis"]["data"] == ["b", "a"]
    training, validation = balance["series"]
    assert [entry["value"] for entry in training["data"]] == [2, 24]
    assert [entry["value"] for entry in validation["data"]] == [0, 3]
    assert count_images(signed_in, version, training["data"][1]["url"]) == 24
    assert "1 class has fewer than 10 training images" in page
    assert "1 class has no validation image" in page
    assert "The largest class has 12 times the images of the smallest" in page
    links = read_links(page, "1 class has fewer than 10 training images")
    assert count_images(signed_in, version, links["Show the images"]) == 2
    assert signed_in.get(links["Merge or rename classes"]).status_code == 200
    assert "The validation split has 3 images" in page


def test_a_class_nobody_trains(signed_in, storage):
    page = read_page(signed_in, create_ready_version(files=files_of({"training": ["a"] * 12, "validation": ["b"] * 3})))
    assert "1 class has no training image" in page


def test_names_that_are_nearly_the_same(signed_in, storage):
    version = create_ready_version(files=files_of({"training": ["hex nut"] * 11 + ["Hex_nut"] * 12}))
    page = read_page(signed_in, version)
    assert "1 class stands under names that are nearly the same" in page
    assert "There is no validation split" in page
    links = read_links(page, "nearly the same")
    assert count_images(signed_in, version, links["Show the images"]) == 23
    assert "near_twin_labels" in links["Files and lines"]


def test_pictures_in_two_splits_and_with_two_labels(signed_in, storage):
    cells = {"training": ["a", "b"] * 10, "validation": ["a", "b"] * 5}
    same = {"validation_0": "training_0", "training_3": "training_2"}
    version = create_ready_version(files=files_of(cells, same))
    page = read_page(signed_in, version)
    assert "1 picture stands in two splits" in page
    assert "1 picture is labelled in different ways" in page
    links = read_links(page, "1 picture stands in two splits")
    assert count_images(signed_in, version, links["Show the images"]) == 2
    assert f'id="{links["See below"][1:]}"' in page
    assert "code=image_in_two_splits" in links["Files and lines"]
    address = html.unescape(re.findall(r'hx-get="([^"]*repeats=leaks-exact)"', page)[0])
    group = signed_in.get(address, headers={"HX-Request": "true"}).content.decode()
    assert group.count(".webp") == 2
    assert group in signed_in.get(address).content.decode()  # without a script
    assert signed_in.get(address + "x", headers={"HX-Request": "true"}).content.decode().strip() == ""
    walk = html.unescape(re.findall(r'<a href="([^"]*)"', group)[0])
    assert signed_in.get(walk).content.decode().count("1 of 2") == 1


def test_objects(signed_in, storage):
    tiny, long = box("b", (0.5, 0.5, 0.504, 0.6)), box("a", (0.02, 0.5, 0.98, 0.55))
    cells = [[box("a")]] * 10 + [[box("a"), tiny]] * 2 + [[long], []]
    version = create_ready_version(files=files_of({"training": cells}))
    page = read_page(signed_in, version)
    assert read_chart(page, "class-objects")["series"][0]["data"][1]["value"] == 13
    per_image = read_chart(page, "per-image")["series"][0]["data"]
    assert [entry["value"] for entry in per_image] == [1, 11, 2]
    assert [count_images(signed_in, version, entry["url"]) for entry in per_image] == [1, 11, 2]
    smallest = read_chart(page, "object-areas")["series"][0]["data"][0]
    assert smallest["value"] == 2
    assert count_images(signed_in, version, smallest["url"]) == 2
    assert "2 objects are tiny" in page
    assert count_images(signed_in, version, read_links(page, "2 objects are tiny")["Show the images"]) == 2
    together = read_chart(page, "together")["series"][0]["data"]
    assert [entry["value"] for entry in together] == [[1, 0, 2], [0, 1, 2]]
    assert count_images(signed_in, version, together[0]["url"]) == 2
    assert "1 with nothing on it" in page


def test_places_of_one_class(signed_in, storage):
    cells = [[box("a"), box("b", (0.9, 0.9, 1.0, 1.0))]] * 10 + [[box("a")]]
    version = create_ready_version(files=files_of({"training": cells}))
    everything = read_chart(read_page(signed_in, version), "location")["series"][0]["data"]
    assert sorted(entry["value"][2] for entry in everything) == [10, 11]
    (one,) = read_chart(read_page(signed_in, version, place="b"), "location")["series"][0]["data"]
    assert one["value"] == [22, 22, 10]
    assert len(read_chart(read_page(signed_in, version, place="nobody"), "location")["series"][0]["data"]) == 2


def test_sizes_of_images_lead_to_them(signed_in, storage):
    version = create_ready_version(files=files_of({"training": ["a"] * 12}))
    page = read_page(signed_in, version)
    dots = read_chart(page, "sizes")["series"][0]["data"]
    assert len(dots) == 12
    assert (dots[0]["value"], dots[0]["name"]) == ([100, 80], "100 × 80 px: 1 image")
    assert count_images(signed_in, version, dots[0]["url"]) == 1
    sides = read_chart(page, "longest-side")["series"][0]["data"]
    assert sum(count_images(signed_in, version, bar["url"]) for bar in sides) == 12


@pytest.mark.parametrize(
    ("task_type", "there", "missing"),
    [
        ("image_classification", ["class-images", "sizes"], ["class-objects", "together", "location", "per-image"]),
        ("image_classification_multilabel", ["labels-per-image", "together"], ["class-objects", "object-areas"]),
        ("image_object_detection", ["class-objects", "location", "object-shapes"], ["labels-per-image"]),
        ("image_instance_segmentation", ["class-objects", "location", "object-areas"], ["labels-per-image"]),
    ],
)
def test_what_the_task_does_not_have_is_left_out(signed_in, storage, task_type, there, missing):
    version = create_browse_version(task_type=task_type)
    version.statistics = describe_manifest(selectors.manifest_path(version), task_type)
    version.save()
    page = read_page(signed_in, version)
    assert all(f"{name}-options" in page for name in there)
    assert not any(f"{name}-options" in page for name in missing)
    assert "<script>alert(" not in page
    assert html.escape(HOSTILE) in page


def test_statistics_made_before_a_figure_existed(signed_in, storage):
    version = create_browse_version()
    assert "Some figures did not exist" in read_page(signed_in, version)
    whole = describe_manifest(selectors.manifest_path(version), version.task_type)
    for missing in whole:
        version.statistics = {name: figure for name, figure in whole.items() if name != missing}
        version.save()
        assert "What deserves attention" in read_page(signed_in, version)


def test_a_version_without_labels(signed_in, storage):
    version = create_browse_version(rows=[browse_row(9, "image_object_detection", []) | {"annotation": "null"}])
    version.statistics = describe_manifest(selectors.manifest_path(version), version.task_type)
    version.save()
    page = read_page(signed_in, version)
    assert "1 image is not labelled" in page
    assert "100.0 % of all images" in page
    assert "class-images-options" not in page


def test_versions_that_are_not_ready(signed_in, storage):
    failed = create_ready_version(name="few", files=dataset_files(train=3))
    assert "Nothing to look at yet" in read_page(signed_in, failed)
    from datasets import services

    importing = services.create_version(name="coming", file=upload(), file_name="parts.zip", user=None)
    assert "Nothing to look at yet" in read_page(signed_in, importing)


def test_the_worst_stands_first():
    labels = [{"label": "a", "train": 50, "validation": 0, "test": 0, "total": 50}]
    labels.append({"label": "b", "train": 2, "validation": 5, "test": 0, "total": 7})
    statistics = {
        "labels": labels,
        "near_twins": [],
        "unlabelled": 0,
        "tiny_objects": {"objects": 1, "images": 1, "rows": [3]},
    }
    statistics["objects"] = {"total": 1_000}
    levels = [verdict.level for verdict in judge(Facts(statistics, {"train": 52, "validation": 5}, errors=2))]
    assert levels == sorted(levels, key=list(Level).index)
    assert {Level.BAD, Level.WARNING, Level.NOTE, Level.GOOD} == set(levels)


def test_nothing_known_nothing_said():
    assert [verdict.title for verdict in judge(Facts({}, {}))] == ["The import could use every row"]


def test_addresses_stay_short_whatever_the_names():
    names = ["x" * 300 + str(number) for number in range(90)]
    labels = [{"label": name, "train": 1, "validation": 0, "test": 0, "total": 1} for name in names]
    (few,) = [verdict for verdict in judge(Facts({"labels": labels}, {"train": 90})) if "fewer than" in verdict.title]
    assert "90 classes" in few.title
    assert "and 85 more" in few.detail
    assert 1 <= len(few.images["label"]) <= 7


def test_areas_of_every_size_share_few_bars():
    bins = [{"from": 10 ** (k / 2), "to": 10 ** ((k + 1) / 2), "count": 1, "rows": [k + 12]} for k in range(-12, 1)]
    chart = charts.object_areas({"object_area": bins})
    assert chart is not None
    names = chart["options"]["xAxis"]["data"]
    assert (names[0], names[1], names[-1]) == ("under 0.01", "0.01–0.032", "100")
    assert chart["table"]["rows"][0][1] == 4


def test_empty_bars_between_full_ones():
    bins = [{"from": 2**-0.25, "to": 2**0.25, "count": 5, "rows": [1]}]
    bins.append({"from": 2**1.75, "to": 2**2.25, "count": 2, "rows": [2]})
    chart = charts.image_shapes({"image_aspect": bins})
    assert chart is not None
    assert chart["table"]["rows"] == [["1 : 1", 5], ["1.4 : 1", 0], ["2 : 1", 0], ["2.8 : 1", 0], ["4 : 1", 2]]

"""A whole import without Django: what is read, and that every problem is found at its line."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
from pathlib import Path

import pytest
import zstandard

from tests.datasets.factories import MLTABLE, dataset_files, image_bytes, json_lines, zip_bytes
from tests.vision.data.imports import BOX, MemorySink, rows_of, with_cells, with_lines
from vision.data.importing import ImportOptions, ImportRefusedError, import_dataset
from vision.data.limits import ImportLimits
from vision.data.options import ImportSettings
from vision.errors import InvalidDatasetError, NotFoundError


def findings(result, severity="errors"):
    return [(row["line"], row["code"], row["action"]) for row in result.report[severity]]


def test_archive_with_both_folders(run):
    result = run(dataset_files())
    assert result.split_counts == {"train": 12, "validation": 4}
    assert result.label_names == ["blue", "green", "red"]
    assert result.task_type == "image_classification"
    assert result.image_count == result.report["counts"]["images"] == 16
    first = rows_of(result)[0]
    assert (first["source_line"], first["labels"], first["annotation"]) == (1, ["red"], '"red"')
    assert json.loads(first["source"])["label"] == "red"


def test_jsonl_without_mltable(run):
    result = run(with_lines([]))
    assert result.split_counts == {"train": 12}


def test_folder_inside_the_archive(run):
    result = run({f"my set/{name}": content for name, content in dataset_files().items()})
    assert result.split_counts == {"train": 12, "validation": 4}


def test_split_is_read_from_the_file_name(run):
    files = with_lines([])
    files["images/v.jpg"] = image_bytes(size=(99, 20))
    files["validation_annotations.jsonl"] = json_lines([{"image_url": "images/v.jpg", "label": "red"}])
    assert run(files).split_counts == {"train": 12, "validation": 1}


BAD_LINES = [
    ("{not json", "invalid_json"),
    ("[1, 2]", "invalid_json"),
    ('{"image_url": "images/0.jpg", "label": NaN}', "invalid_json"),
    (b'{"image_url": "\xff\xfe", "label": "red"}', "invalid_json"),
    ("[" * 100_000, "invalid_json"),
    ('{"label": "red"}', "missing_image_url"),
    ('{"image_url": 5, "label": "red"}', "missing_image_url"),
    ('{"image_url": "images/none.jpg", "label": "red"}', "missing_image"),
    ('{"image_url": "https://169.254.169.254/x.jpg", "label": "red"}', "missing_image"),
    ('{"image_url": "../../../etc/passwd", "label": "red"}', "missing_image"),
    ('{"image_url": "images/0.jpg"}', "missing_label"),
    ('{"image_url": "images/0.jpg", "label": ""}', "invalid_label"),
    ('{"image_url": "images/0.jpg", "label": ["a", "b"]}', "invalid_label"),
    ('{"image_url": "images/0.jpg", "label": "a\\u0000b"}', "invalid_label"),
    ('{"image_url": "images/0.jpg", "label": "\\ud800"}', "invalid_label"),
    ('{"image_url": "images/0.jpg", "label": "' + "x" * 300 + '"}', "invalid_label"),
]


def test_every_bad_line_is_found_at_its_place_and_none_stops_the_rest(run):
    result = run(with_lines([line for line, _ in BAD_LINES] + ['{"image_url": "images/0.jpg", "label": "last"}']))
    expected = [(13 + index, code, "dropped") for index, (_, code) in enumerate(BAD_LINES)]
    assert findings(result) == expected
    assert all(row["file"] == "train_annotations.jsonl" for row in result.report["errors"])
    assert "last" in result.label_names
    json.dumps(result.report).encode()


def test_line_over_the_limit_is_skipped_to_its_end(run):
    long = '{"image_url": "' + "x" * 5000 + '"}'
    limits = ImportLimits(max_line_bytes=1000)
    result = run(with_lines([long, '{"image_url": "images/0.jpg", "label": "after"}']), limits=limits)
    assert findings(result) == [(13, "line_too_long", "dropped")]
    assert "after" in result.label_names


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"<svg></svg>", "invalid_image"), (b"", "invalid_image"), (image_bytes(size=(64, 64))[:-20], "damaged_image")],
)
def test_bad_image_costs_its_row_alone(run, content, code):
    files = with_lines(['{"image_url": "images/bad.jpg", "label": "red"}']) | {"images/bad.jpg": content}
    result = run(files)
    assert findings(result) == [(13, code, "dropped")]
    assert result.report["errors"][0]["image"] == "images/bad.jpg"
    assert result.image_count == 12


def test_repairs_are_made_and_said(run):
    lines = ['{"image_url": "images/0.jpg", "label": 7}', '{"image_url": "images/1.jpg", "label": ["red"]}']
    result = run(with_lines(lines))
    assert [row["code"] for row in result.report["warnings"]].count("repaired_label") == 2
    assert "7" in result.label_names


def test_repeated_row_counts_once(run):
    result = run(with_lines(['{"image_url": "images/0.jpg", "label": "red"}'] * 3))
    assert result.image_count == 12
    assert findings(result, "warnings") == [(line, "repeated_row", "dropped") for line in (13, 14, 15)]


def test_near_twin_labels_are_called_out(run):
    result = run(with_lines(['{"image_url": "images/3.jpg", "label": "Red "}']))
    twins = [row for row in result.report["warnings"] if row["code"] == "near_twin_labels"]
    assert "'Red ' (1)" in twins[0]["message"]


def test_same_image_in_two_splits_and_under_two_labels_is_called_out(run):
    files = with_lines([])
    files["val.jsonl"] = json_lines([{"image_url": "images/0.jpg", "label": "blue"}])
    codes = [row["code"] for row in run(files).report["warnings"]]
    assert sorted(codes) == ["conflicting_labels", "image_in_two_splits"]


def test_wrong_size_is_corrected_from_the_image(run):
    details = {"width": "999px", "height": 20}
    line = json.dumps({"image_url": "images/12.jpg", "label": "red", "image_details": details})
    files = with_lines([line]) | {"images/12.jpg": image_bytes(size=(90, 20))}
    result = run(files)
    assert findings(result, "warnings") == [(13, "size_mismatch", "repaired")]
    assert rows_of(result)[-1]["width"] == 90


def test_other_label_column(run):
    files = {name: content.replace('"label"', '"class"') if isinstance(content, str) else content
             for name, content in dataset_files().items()}  # fmt: skip
    assert run(files, target_column_name="class").image_count == 16
    with pytest.raises(ImportRefusedError, match="0 training images") as caught:
        run(files)
    assert "no field 'label'" in caught.value.details[0].message


def test_few_training_images_are_refused_with_the_number(run):
    with pytest.raises(ImportRefusedError, match="9 training images can be used; at least 10"):
        run(dataset_files(train=9))


def test_small_validation_set_of_its_own_is_fine(run):
    assert run(dataset_files(train=0, validation=3)).split_counts == {"validation": 3}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_encodings_of_mltable(run, encoding):
    name = {"utf-16": "utf16", "utf-8-sig": "utf8bom", "iso-8859-1": "latin1"}[encoding]
    files = dataset_files(validation=0)
    file = "training-mltable-folder/train_annotations.jsonl"
    files[file] = files[file].replace("red", "grün").replace("\\u00fc", "ü").encode(encoding)
    files["training-mltable-folder/MLTable"] = MLTABLE.format(file="train_annotations.jsonl").replace("utf8", name)
    assert "grün" in run(files).label_names


def test_mltable_that_names_a_missing_file_is_said(run):
    files = dataset_files() | {"extra/MLTable": MLTABLE.format(file="none.jsonl")}
    result = run(files)
    assert [(row["file"], row["code"]) for row in result.report["errors"]] == [("extra/MLTable", "missing_file")]


def test_unknown_transformation_is_said_and_the_table_left_out(run):
    table = "paths:\n  - file: ./train_annotations.jsonl\ntransformations:\n  - read_parquet: {}\n"
    with pytest.raises(ImportRefusedError) as caught:
        run(dataset_files(validation=0) | {"training-mltable-folder/MLTable": table})
    assert caught.value.details[0].code == "unsupported_transformation"


def test_take_and_skip(run):
    table = MLTABLE.format(file="train_annotations.jsonl") + "  - skip: 1\n  - take: 10\n"
    files = dataset_files(validation=0) | {"training-mltable-folder/MLTable": table}
    assert rows_of(run(files))[0]["source_line"] == 2
    assert run(files).image_count == 10


def test_yaml_bomb_in_an_mltable_is_refused(run):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
    )
    with pytest.raises(ImportRefusedError):
        run(dataset_files(validation=0) | {"training-mltable-folder/MLTable": bomb})


def test_upload_without_labels_is_refused(run):
    with pytest.raises(InvalidDatasetError, match="No labels were found"):
        run({"a.jpg": image_bytes()})


def test_file_that_is_no_archive_is_refused(run):
    with pytest.raises(InvalidDatasetError, match=r"No labels were found in photo\.jpg"):
        run(b"hello", file_name="photo.jpg")


@pytest.mark.parametrize("name", ["parts.zip", "Parts.TAR.GZ", "parts.7z"])
def test_a_file_that_is_an_archive_by_name_only_is_said(tmp_path, name):
    source = tmp_path / "source"
    source.write_bytes(b"PK not really")
    (tmp_path / "work").mkdir()
    options = ImportOptions(work_dir=tmp_path / "work", file_name=name)
    with pytest.raises(InvalidDatasetError, match=f"{name} is called like an archive") as refused:
        import_dataset(source, MemorySink(), options, lambda phase, fraction: None)
    assert refused.value.code == "damaged_archive"


def test_unknown_format_is_refused(run):
    with pytest.raises(NotFoundError):
        run(dataset_files(), format="nope")


def test_report_is_bounded_and_counts_all(run):
    limits = ImportLimits(max_report_rows=5)
    result = run(with_lines(["{bad"] * 50), limits=limits)
    assert len(result.report["errors"]) == 5
    assert result.report["counts"]["errors"] == 50
    assert result.report["counts"]["by_code"]["invalid_json"] == 50


def test_progress_grows_through_the_phases(run):
    seen = []
    run(dataset_files(), on_progress=lambda phase, fraction: seen.append((phase, fraction)))
    assert list(dict.fromkeys(phase for phase, _ in seen)) == ["unpacking", "reading", "checking", "writing"]
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)


def test_import_can_be_stopped_by_its_progress(run):
    class StopError(Exception):
        pass

    def stop(phase, fraction):
        if phase == "checking":
            raise StopError

    with pytest.raises(StopError):
        run(dataset_files(), on_progress=stop)


@pytest.mark.parametrize(
    ("rule", "annotation", "count"), [("keep", "null", 12), ("background", "[]", 12), ("drop", None, 11)]
)
def test_images_nobody_labelled(run, rule, annotation, count):
    files = with_cells([[BOX]] * 11 + [None])
    result = run(files, settings=ImportSettings(unlabelled=rule))
    assert result.image_count == count
    if annotation:
        assert rows_of(result)[-1]["annotation"] == annotation


def test_pixels_are_divided_when_asked(run):
    pixels = BOX | {"topX": 10, "topY": "5", "bottomX": 30, "bottomY": 10}
    files = with_cells([[BOX]] * 11) | {"images/p.jpg": image_bytes(size=(40, 20))}
    files["train_pixels.jsonl"] = json_lines([{"image_url": "images/p.jpg", "label": [pixels]}])
    refused = run(files).report["errors"][0]
    assert refused["code"] == "pixel_coordinates"
    assert "coordinates set to pixels" in refused["message"]
    files = {name: content for name, content in files.items() if name != "train.jsonl"}
    files |= {f"images/{n}.jpg": image_bytes(size=(40, 20)) for n in range(11)}
    lines = [{"image_url": f"images/{name}.jpg", "label": [pixels]} for name in [*range(11), "p"]]
    files["train_pixels.jsonl"] = json_lines(lines)
    rows = rows_of(run(files, settings=ImportSettings(coordinates="pixels"), task_type="image_object_detection"))
    assert len(rows) == 12
    assert {row["annotation"] for row in rows} == {json.dumps([BOX], separators=(",", ":"))}


def test_errors_fail_the_import_when_asked(run):
    files = with_lines(["{bad"] * 3)
    assert run(files, settings=ImportSettings(max_errors=3)).image_count == 12
    with pytest.raises(ImportRefusedError, match="More than 2 errors") as caught:
        run(files, settings=ImportSettings(max_errors=2))
    assert caught.value.code == "too_many_errors"
    with pytest.raises(ImportRefusedError, match="3 errors were found") as caught:
        run(files, settings=ImportSettings(invalid_lines="error"))
    assert [row["line"] for row in caught.value.report["errors"]] == [13, 14, 15]


def test_every_finding_is_in_the_file_also_beyond_those_shown(run):
    result = run(with_lines(["{bad"] * 50), limits=ImportLimits(max_report_rows=5, max_findings=30))
    lines = [json.loads(line) for line in result.findings.read_text().splitlines()]
    assert [line["line"] for line in lines] == list(range(13, 43))


def test_folder_of_files_and_archives(run, tmp_path):
    folder = tmp_path / "sent"
    (folder / "more").mkdir(parents=True)
    files = dataset_files()
    training = {name: content for name, content in files.items() if not name.startswith("validation")}
    validation = {name: content for name, content in files.items() if not name.startswith("training")}
    (folder / "first.zip").write_bytes(zip_bytes(training))
    (folder / "second.tar.zst").write_bytes(tar_zst_bytes(validation))
    result = run_folder(folder, tmp_path)
    assert result.split_counts == {"train": 12, "validation": 4}


def test_archives_within_folders_of_a_folder(tmp_path):
    folder = tmp_path / "sent"
    for split in ("train", "valid"):
        (folder / "plant" / split).mkdir(parents=True)
        files = {f"{n}.jpg": image_bytes(size=(20 + n, 20)) for n in range(12)}
        files["labels.csv"] = "filename,labels\n" + "".join(f"{name},nut\n" for name in files)
        (folder / "plant" / split / "pictures.zip").write_bytes(zip_bytes(files))
    assert run_folder(folder, tmp_path).split_counts == {"train": 12, "validation": 12}


def test_an_archive_within_an_archive_stays_packed_and_is_named(run):
    inner = zip_bytes({"nut/1.jpg": image_bytes()})
    with pytest.raises(InvalidDatasetError, match=r"stay packed: data/images\.zip.*Unpack the inner archives"):
        run({"data/images.zip": inner})
    (finding,) = run(with_lines([]) | {"more.zip": inner}).report["warnings"]
    assert (finding["code"], finding["file"]) == ("nested_archive", "more.zip")


def test_plain_folder_is_used_where_it_lies(tmp_path):
    folder = tmp_path / "sent"
    for name, content in dataset_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "images" / "link.jpg").symlink_to("/etc/passwd")
    result = run_folder(folder, tmp_path)
    assert result.split_counts == {"train": 12, "validation": 4}
    assert not (result.manifest.parent / "upload").exists()
    assert "unlisted_images" not in result.report["counts"]["by_code"]


def test_pictures_packed_into_annotations_are_images_like_others(tmp_path):
    folder = tmp_path / "sent"
    folder.mkdir()
    for number in range(12):
        packed = base64.b64encode(image_bytes(size=(40, 20 + number))).decode()
        shape = {"label": "can", "points": [[4, 4], [20, 12]], "shape_type": "rectangle"}
        content = {"shapes": [shape], "imagePath": f"belt {number}.jpg", "imageData": packed}
        (folder / f"{number}.json").write_text(json.dumps(content))
    result = run_folder(folder, tmp_path)
    assert (result.format, result.image_count, result.report["counts"]["by_code"]) == ("labelme", 12, {})
    assert sorted(row["path"] for row in rows_of(result)) == sorted(f"belt {number}.jpg" for number in range(12))
    assert len(list(folder.iterdir())) == 12


def run_folder(folder, tmp_path):
    work = Path(tempfile.mkdtemp(dir=tmp_path))
    return import_dataset(folder, MemorySink(), ImportOptions(work_dir=work), lambda phase, fraction: None)


def tar_zst_bytes(files) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return zstandard.compress(target.getvalue())

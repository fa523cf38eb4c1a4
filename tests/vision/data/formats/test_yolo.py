"""YOLO: label lines, data.yaml, the folders of its kin, and that what is written is read again."""

from __future__ import annotations

import pytest

from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    findings,
    make_upload,
    messages,
    read,
)
from tests.vision.data.formats.yolo_labels import CELL, RING
from vision.catalog.task_types import TaskType
from vision.data.formats import detect_format, get_reader
from vision.data.labels import LABEL_READERS, InvalidLabelError
from vision.data.limits import DEFAULT_LIMITS, ImportLimits

DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION
YAML = "path: .\ntrain: images/train\nval: images/val\nnc: 2\nnames: [can, milk bottle]\n"
LINE = "0 0.3 0.5 0.4 0.5"
LABEL = "labels/train/a.txt"


def read_label(folder, text: str | bytes, task_type=DETECTION, data: str | bytes | None = YAML, **options):
    files = {"images/train/a.jpg": None, LABEL: text} | ({"data.yaml": data} if data is not None else {})
    return read("yolo", make_upload(folder, files), task_type, **options)


def shown(report):
    """Findings without those of folders a small upload does not have."""
    return [finding for finding in findings(report) if finding[0] != "missing_file"]


def test_boxes_by_centre_and_size(tmp_path):
    text = f"{LINE}\n\n1.0 5e-1 0.5 1 1\r\n"
    (record,), report = read_label(tmp_path, text)
    whole = {"label": "milk bottle", "topX": 0.0, "topY": 0.0, "bottomX": 1.0, "bottomY": 1.0, "isCrowd": 0}
    assert canonical(record.label, DETECTION) == [CELL, whole]
    assert (record.image, record.file, record.split) == ("images/train/a.jpg", LABEL, "train")
    assert record.source == f"{LINE}\n1.0 5e-1 0.5 1 1"
    assert shown(report) == []


def test_outlines_and_their_boxes(tmp_path):
    text = "0 " + " ".join(map(str, RING))
    (record,), report = read_label(tmp_path, text, SEGMENTATION)
    assert record.label == [{"label": "can", "isCrowd": 0, "polygon": [RING]}]
    assert read_label(tmp_path, text, DETECTION)[0][0].label == [CELL]
    assert shown(report) == []


def test_box_among_outlines_becomes_its_rectangle_and_that_is_said(tmp_path):
    (record,), report = read_label(tmp_path, f"0 {' '.join(map(str, RING))}\n{LINE}\n{LINE}\n", SEGMENTATION)
    assert record.label[1]["polygon"] == [[0.1, 0.25, 0.5, 0.25, 0.5, 0.75, 0.1, 0.75]]
    assert shown(report) == [("box_as_outline", LABEL, 2)]
    assert "2 of the 3" in messages(report)


def test_confidence_is_left_out_and_that_is_said(tmp_path):
    (record,), report = read_label(tmp_path, f"{LINE}\n{LINE} 0.9\n{LINE} 0.8\n")
    assert canonical(record.label, DETECTION) == [CELL] * 3
    assert shown(report) == [("confidence_left_out", LABEL, 2)]
    assert "2 of 3" in messages(report)


def test_keypoints_are_left_out(tmp_path):
    (record,), report = read_label(tmp_path, f"{LINE} 0.1 0.1 2 0.2 0.2 0\n", data=YAML + "kpt_shape: [2, 3]\n")
    assert canonical(record.label, DETECTION) == [CELL]
    assert shown(report) == []


def test_classifications_take_the_names(tmp_path):
    text = f"{LINE}\n1 0.5 0.5 1 1\n{LINE}\n"
    assert read_label(tmp_path, text, TaskType.MULTILABEL)[0][0].label == ["can", "milk bottle"]
    assert read_label(tmp_path, f"{LINE}\n{LINE}", TaskType.CLASSIFICATION)[0][0].label == "can"


BAD_LINES = [
    ("0 0.5 0.5 0.1", "3 numbers"),
    ("0", "0 numbers"),
    ("can 0.5 0.5 0.1 0.1", "'can'"),
    ("-1 0.5 0.5 0.1 0.1", "'-1'"),
    ("0.5 0.5 0.5 0.1 0.1", "'0.5'"),
    ("99999999999 0.5 0.5 0.1 0.1", "'99999999999'"),
    ("nan 0.5 0.5 0.1 0.1", "'nan'"),
    ("0 nan 0.5 0.1 0.1", "'nan'"),
    ("0 0.5 inf 0.1 0.1", "'inf'"),
    ("0 0.5 0.5 0.1 1e999", "'1e999'"),
    ("0 0.5 0.5 0.1 0_1", "'0_1'"),
    ("0 0.5,0.5,0.1,0.1", "'0.5,0.5,0.1,0.1'"),
    ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "half a point"),
    ("{}", "'{}'"),
]


@pytest.mark.parametrize(("line", "said"), BAD_LINES)
def test_line_that_cannot_be_read_costs_the_image_and_is_said(tmp_path, line, said):
    records, report = read_label(tmp_path, f"{LINE}\n{line}\n{LINE}\n")
    assert records == []
    assert shown(report) == [("invalid_label", LABEL, 2)]
    assert said in messages(report)


def test_bad_lines_are_all_said_and_bytes_that_are_no_text_too(tmp_path):
    records, report = read_label(tmp_path, b"x\n0 0.5 0.5 \xff 1\n" + LINE.encode() + b"\n0 1\n")
    assert records == []
    assert shown(report) == [("invalid_label", LABEL, 1), ("invalid_encoding", LABEL, 2), ("invalid_label", LABEL, 4)]


def test_line_of_fifty_megabytes_is_never_in_memory(tmp_path):
    with_line = b"0 " + b"0.5 " * 100
    make_upload(tmp_path, {LABEL: b""})
    with (tmp_path / LABEL).open("wb") as file:
        for _ in range(50):
            file.write(b"0" * (1 << 20))
        file.write(b"\n" + with_line)
    upload = make_upload(tmp_path, {"images/train/a.jpg": None, "data.yaml": YAML})
    records, report = read("yolo", upload, SEGMENTATION)
    assert records == []
    assert shown(report) == [("line_too_long", LABEL, 1)]


def test_more_objects_than_allowed_are_left_to_the_labels_reader(tmp_path):
    (record,), _ = read_label(tmp_path, f"{LINE}\n" * 50, limits=ImportLimits(max_objects=10))
    with pytest.raises(InvalidLabelError, match="11 objects"):
        LABEL_READERS[DETECTION](record.label, ImportLimits(max_objects=10))


def test_pixels_are_left_to_the_labels_reader(tmp_path):
    (record,), _ = read_label(tmp_path, "0 300 200 100 50")
    with pytest.raises(InvalidLabelError) as caught:
        LABEL_READERS[DETECTION](record.label, DEFAULT_LIMITS)
    assert caught.value.code == "pixel_coordinates"


def test_images_without_labels_are_background_and_said_once(tmp_path):
    files = {f"images/train/{n}.jpg": None for n in "abc"} | {"data.yaml": YAML, LABEL: ""}
    records, report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert [record.label for record in records] == [[], [], []]
    assert shown(report) == [("background_images", "", None)]
    assert "2 images" in messages(report)
    assert "images/train/b.jpg" in messages(report)


def test_labels_without_an_image_are_said(tmp_path):
    _, report = read("yolo", make_upload(tmp_path, {"data.yaml": YAML, "labels/train/x.txt": LINE}), DETECTION)
    assert shown(report) == [("missing_image", "labels/train/x.txt", None)]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("set/images/train/a.jpg", "set/labels/train/a.txt"),
        ("images/x/images/train/a.JPG", "images/x/labels/train/a.txt"),
        ("train/images/a.b.png", "train/labels/a.b.txt"),
        ("obj_train_data/a.jpg", "obj_train_data/a.txt"),
        ("photos/a.jpg", "labels/a.txt"),
        ("images/a.jpg", "labels/train/a.txt"),
    ],
)
def test_labels_are_found_where_tools_put_them(tmp_path, image, label):
    upload = make_upload(tmp_path, {image: None, label: LINE, "classes.txt": "can\nmilk"})
    assert detect_format(upload).format == "yolo"
    (record,), report = read("yolo", upload, DETECTION)
    assert (record.image, record.file, record.label[0]["label"]) == (image, label, "can")
    assert codes(report) == []


def test_stray_labels_go_to_no_image_where_two_could_be_meant(tmp_path):
    files = {"a/x.jpg": None, "b/x.jpg": None, "labels/x.txt": LINE, "classes.txt": "can"}
    records, report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert records == []
    assert findings(report) == [("missing_image", "labels/x.txt", None)]


@pytest.mark.parametrize(
    ("entries", "folder"),
    [
        ("train: images/train\nval: images/val", ""),
        ("path: /home/me/datasets/cans\ntrain: images/train\nval: images/val", ""),
        ("path: ../datasets/cans\ntrain: images/train/\nval: [images/val]", "cans"),
        ("train: ../images/train\nval: C:\\cans\\images\\val", ""),
        ("path: cans\ntrain: ./images/train\nvalidation: images/val", ""),
        ("path: cans # beside data.yaml\ntrain: images/train\nval: images/val", "cans"),
    ],
)
def test_folders_of_data_yaml_are_found(tmp_path, entries, folder):
    root = f"{folder}/" if folder else ""
    files = {f"{root}images/train/a.jpg": None, f"{root}images/val/b.jpg": None, f"{root}images/c.jpg": None}
    files |= {f"{root}labels/train/a.txt": LINE, f"{root}data.yaml": f"{entries}\nnames: {{0: can}}\n"}
    records, report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert {record.image.removeprefix(root): record.split for record in records} == {
        "images/train/a.jpg": "train",
        "images/val/b.jpg": "validation",
    }
    assert codes(report) == ["background_images"]


def test_lists_of_images_are_read_line_by_line(tmp_path):
    lines = "./images/a.jpg\n/content/cans/images/b.jpg\nimages/none.jpg\n../../../../etc/passwd\nlabels/a.txt\n"
    files = {f"images/{n}.jpg": None for n in "ab"} | {"labels/a.txt": LINE, "train.txt": lines}
    files["data.yaml"] = "train: train.txt\nnames: [can]\n"
    records, report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert [(record.image, record.split) for record in records] == [
        ("images/a.jpg", "train"),
        ("images/b.jpg", "train"),
    ]
    assert shown(report)[:-1] == [("missing_image", "train.txt", line) for line in (3, 4, 5)]


def test_missing_folder_is_said_at_its_line(tmp_path):
    (record,), report = read_label(tmp_path, LINE)
    assert findings(report) == [("missing_file", "data.yaml", 3)]
    assert "'images/val'" in messages(report)
    assert record.split == "train"


@pytest.mark.parametrize("names", ["names: [can, milk]", "names: {0: can, 1: milk}", "names:\n  '0': can\n  1: milk"])
def test_names_may_be_a_list_or_a_mapping(tmp_path, names):
    (record,), report = read_label(tmp_path, f"{LINE}\n1 0.5 0.5 1 1", data=f"train: images\n{names}\n")
    assert [one["label"] for one in record.label] == ["can", "milk"]
    assert codes(report) == []


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        ("train: images\nnames: can\n", "invalid_data_yaml", 2),
        ("train: images\nnames: [can, [x]]\n", "invalid_data_yaml", 2),
        ("train: images\nnames: {zero: can, 0: can}\n", "invalid_data_yaml", 2),
        ("train: images\nnc: 3\nnames: [can]\n", "class_count_mismatch", 2),
        ("train: images\nnames: [can, no]\n", "unquoted_name", 2),
        ("train: images\nval: {a: b}\nnames: [can]\n", "invalid_data_yaml", 2),
        ("train: images\nnames: [can\n", "invalid_data_yaml", 3),
        ("train: !!python/object/apply:os.system ['true']\nnames: [can]\n", "invalid_data_yaml", 1),
        ("a: &a [x,x]\nb: &b [*a,*a]\n" + "".join(f"c{n}: &c{n} [{'*b,' * 400}]\n" for n in range(400)),
         "invalid_data_yaml", 0),
        (b"names: [\xff]\n", "invalid_data_yaml", 0),
        ("names: [" + "x, " * 200_000 + "]", "invalid_data_yaml", 0),
        ("[" * 5000, "invalid_data_yaml", 0),
    ],
)  # fmt: skip
def test_what_is_wrong_in_data_yaml_is_said_at_its_line(tmp_path, data, code, line):
    (record,), report = read_label(tmp_path, LINE, data=data)
    assert (code, "data.yaml", line) in findings(report)
    assert record.label[0]["label"] in ("can", "class_0")


def test_classes_without_a_name_get_one_and_that_is_said_once_for_each(tmp_path):
    (record,), report = read_label(tmp_path, f"{LINE}\n7 0.5 0.5 1 1\n7 0.5 0.5 1 1\n9 0.5 0.5 1 1\n")
    assert [one["label"] for one in record.label] == ["can", "class_7", "class_7", "class_9"]
    assert shown(report) == [("unnamed_class", LABEL, 2), ("unnamed_class", LABEL, 4)]


@pytest.mark.parametrize("name", ["classes.txt", "data/obj.names", "labels/train/classes.txt", "train/_darknet.labels"])
def test_lists_of_names_stand_in_for_data_yaml(tmp_path, name):
    files = {"images/train/a.jpg": None, LABEL: "1 0.5 0.5 1 1", name: "\ufeffcan\r\nmilk bottle\r\n"}
    (record,), report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert (record.label[0]["label"], record.split, codes(report)) == ("milk bottle", "train", [])


def test_nearest_list_of_names_counts(tmp_path):
    files = {f"{n}/{name}": content for n in "ab"
             for name, content in (("a.jpg", None), ("a.txt", LINE), ("classes.txt", f"{n}-class"))}  # fmt: skip
    records, _ = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert [record.label[0]["label"] for record in records] == ["a-class", "b-class"]


def test_without_data_yaml_only_folders_with_labels_are_read(tmp_path):
    files = {"images/train/a.jpg": None, "images/train/b.jpg": None, LABEL: LINE, "plots/curve.png": None}
    records, report = read("yolo", make_upload(tmp_path, files), DETECTION)
    assert [record.image for record in records] == ["images/train/a.jpg", "images/train/b.jpg"]
    assert sorted(codes(report)) == ["background_images", "unnamed_class"]


def test_task_type_is_guessed_by_outlines(tmp_path):
    def guess(name, *lines, data=YAML):
        files = {f"images/train/{n}.jpg": None for n in range(len(lines))}
        files |= {f"labels/train/{n}.txt": line for n, line in enumerate(lines)}
        return get_reader("yolo").guess_task_type(make_upload(tmp_path / name, files | {"data.yaml": data}), "label")

    assert guess("boxes", LINE, f"{LINE} 0.9", "bad") == DETECTION
    assert guess("mixed", LINE, f"{LINE}\n0 {' '.join(map(str, RING))}") == SEGMENTATION
    assert guess("pose", f"{LINE} 0.1 0.1 0.1 0.1", data=YAML + "kpt_shape: [2, 2]\n") == DETECTION


def test_detection_names_a_file(tmp_path):
    files = {"images/train/a.jpg": None, LABEL: LINE}
    with_yaml = detect_format(make_upload(tmp_path / "1", files | {"data.yaml": YAML}))
    assert (with_yaml.format, with_yaml.reason) == ("yolo", "data.yaml names 2 classes of a YOLO data set")
    assert LABEL in detect_format(make_upload(tmp_path / "2", files)).reason


@pytest.mark.parametrize(
    "files",
    [
        {"a.jpg": None, "a.txt": "a photo of a can"},
        {"images/a.jpg": None, "data.yaml": YAML},
        {"a.jpg": None, "labels/readme.txt": "5 cans on 3 tables"},
        {"a.jpg": None, "config.yaml": "names: [a]"},
    ],
)
def test_other_uploads_are_not_taken_for_yolo(tmp_path, files):
    assert get_reader("yolo").detect(make_upload(tmp_path, files)) is None

"""MLTables: which files they mean, what each transformation does with the rows, and what is refused."""

from __future__ import annotations

import pytest
import yaml

from tests.vision.data.formats.uploads import codes, findings, make_upload, messages, read


def read_table(folder, table, files=None, file="MLTable", **options):
    """Records of an upload of six images with an MLTable and, by default, x.jsonl beside it: labels 0 to 5."""
    rows = [{"image_url": f"{n}.jpg", "label": n, "name": f"cat {n}", "wide": n % 2 == 0} for n in range(6)]
    given = {f"{n}.jpg": b"" for n in range(6)} | ({"x.jsonl": rows} if files is None else files)
    text = table if isinstance(table, (str, bytes)) else yaml.safe_dump(table, sort_keys=False)
    return read("jsonl", make_upload(folder, given | {file: text}), **options)


def with_steps(*steps):
    return {"type": "mltable", "paths": [{"file": "./x.jsonl"}], "transformations": [*steps]}


def labels(records):
    return [record.label for record in records]


AZURE = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
  - file: ./x.jsonl
transformations:
  - read_json_lines:
      encoding: utf8
      invalid_lines: error
      include_path_column: false
  - convert_column_types:
      - columns: image_url
        column_type: stream_info
"""


def test_azures_own_recipe(tmp_path):
    records, report = read_table(tmp_path, AZURE)
    assert labels(records) == [0, 1, 2, 3, 4, 5]
    assert codes(report) == []


def test_recipe_without_a_reader_is_json_lines(tmp_path):
    assert len(read_table(tmp_path, "paths:\n  - file: x.jsonl\n")[0]) == 6


FILES = {
    "a/one.jsonl": [{"image_url": "0.jpg", "label": "one"}],
    "a/b/two.jsonl": [{"image_url": "1.jpg", "label": "two"}],
    "a/b/c/three.json": [{"image_url": "2.jpg", "label": "three"}],
    "four.jsonl": [{"image_url": "3.jpg", "label": "four"}],
}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([{"file": "./four.jsonl"}, {"file": "a/one.jsonl"}], ["four", "one"]),
        ([{"file": "four.jsonl"}, {"file": "./four.jsonl"}], ["four"]),
        ([{"file": "azureml://subscriptions/s/resourcegroups/g/datastores/d/paths/my/a/b/two.jsonl"}], ["two"]),
        ([{"file": "https://host/deep/b/two.jsonl"}], ["two"]),
        ([{"file": "C:\\data\\a\\one.jsonl"}], ["one"]),
        ([{"folder": "./a"}], ["three", "two", "one"]),
        ([{"folder": "./a/b/"}], ["three", "two"]),
        ([{"folder": "azureml://datastores/d/paths/x/y/a/b"}], ["three", "two"]),
        ([{"pattern": "./a/*.jsonl"}], ["one"]),
        ([{"pattern": "./**/*.jsonl"}], ["two", "one", "four"]),
        ([{"pattern": "a/**"}], ["three", "two", "one"]),
        ([{"pattern": "**/b/**/t*.json*"}], ["three", "two"]),
        ([{"pattern": "a/?/[st]*.jsonl"}], ["two"]),
        ([{"pattern": "azureml://datastores/d/paths/z/a/**/*.json"}], ["three"]),
    ],
)
def test_paths_are_files_folders_and_patterns(tmp_path, paths, expected):
    records, report = read_table(tmp_path, {"paths": paths}, FILES)
    assert labels(records) == expected
    assert set(codes(report)) <= {"unused_file"}


def test_files_of_one_table_count_as_one(tmp_path):
    table = {"paths": [{"pattern": "**/*.jsonl"}], "transformations": [{"skip": 1}, {"take": 1}]}
    assert labels(read_table(tmp_path, table, FILES)[0]) == ["one"]


def test_folder_with_signs_of_a_pattern_in_its_name(tmp_path):
    files = {"[1]*/x.jsonl": [{"image_url": "0.jpg", "label": "in"}], "1b/x.jsonl": []}
    records, _ = read_table(tmp_path, {"paths": [{"pattern": "*.jsonl"}]}, files, file="[1]*/MLTable")
    assert labels(records) == ["in"]


@pytest.mark.parametrize(
    "value", ["none.jsonl", "../../etc/passwd", "/etc/passwd", "https://host/none.jsonl", "*" * 500]
)
@pytest.mark.parametrize("kind", ["file", "folder", "pattern"])
def test_path_that_leads_nowhere_is_said(tmp_path, kind, value):
    records, report = read_table(tmp_path, {"paths": [{kind: value}, {"file": "x.jsonl"}]})
    assert len(records) == 6
    if (kind, set(value)) != ("pattern", {"*"}):
        assert findings(report) == [("missing_file", "MLTable", None)]
        assert value[:200] in messages(report)


def test_split_of_the_table_where_the_file_names_none(tmp_path):
    text = AZURE.replace("./x.jsonl", "../x.jsonl")
    assert {record.split for record in read_table(tmp_path, text, file="validation-mltable-folder/MLTable")[0]} == {
        "validation"
    }


def test_two_tables_may_share_a_file_by_filters(tmp_path):
    table = "paths:\n  - file: ../x.jsonl\ntransformations:\n  - filter: col('wide') == {}\n"
    rows = [{"image_url": f"{n}.jpg", "label": n, "wide": n % 2 == 0} for n in range(6)]
    files = {"x.jsonl": rows, "test/MLTable": table.format("false")}
    records, _ = read_table(tmp_path, table.format("true"), files, file="train/MLTable")
    assert sorted((record.split, record.label) for record in records) == [
        *(("test", n) for n in (1, 3, 5)),
        *(("train", n) for n in (0, 2, 4)),
    ]


def test_file_in_two_tables_as_it_is_is_read_once(tmp_path):
    rows = [{"image_url": "0.jpg", "label": "x"}]
    records, _ = read_table(tmp_path, AZURE, {"x.jsonl": rows, "sub/MLTable": "paths:\n  - file: ../x.jsonl\n"})
    assert len(records) == 1


def test_lines_no_table_names_are_said(tmp_path):
    rows = [{"image_url": "0.jpg", "label": "x"}]
    _, report = read_table(tmp_path, AZURE, {"x.jsonl": rows, "other.jsonl": rows})
    assert findings(report) == [("unused_file", "other.jsonl", None)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"take": 2}], [0, 1]),
        ([{"skip": 4}], [4, 5]),
        ([{"skip": 1}, {"take": 2}, {"skip": 1}], [2]),
        ([{"take": 10**30}], [0, 1, 2, 3, 4, 5]),
        ([{"take": 0}], []),
        ([{"filter": 'col("label") >= 2 and col("name") != "cat 3"'}, {"take": 2}], [2, 4]),
        ([{"take": 2}, {"filter": 'col("label") >= 1'}], [1]),
        ([{"take_random_sample": {"probability": 0}}], []),
        ([{"take_random_sample": {"probability": 1, "seed": 5}}], [0, 1, 2, 3, 4, 5]),
        ([{"keep_columns": ["image_url", "label"]}], [0, 1, 2, 3, 4, 5]),
        ([{"keep_columns": "image_url"}], []),
        ([{"drop_columns": ["name", "wide"]}], [0, 1, 2, 3, 4, 5]),
        ([{"drop_columns": "label"}], []),
        ([{"convert_column_types": [{"columns": ["label"], "column_type": "string"}]}], list("012345")),
        ([{"convert_column_types": {"columns": "label", "column_type": "float"}}], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
    ],
)
def test_transformations_are_done_in_order(tmp_path, steps, expected):
    records, _ = read_table(tmp_path, with_steps({"read_json_lines": {}}, *steps))
    assert labels(records) == expected
    assert list(map(type, labels(records))) == list(map(type, expected))


def test_sample_is_the_same_for_the_same_seed(tmp_path):
    rows = [{"image_url": "0.jpg", "label": n} for n in range(300)]

    def sample(seed):
        step = {"take_random_sample": {"probability": 0.5, "seed": seed}}
        return labels(read_table(tmp_path, with_steps(step), {"x.jsonl": rows})[0])

    first = sample(1)
    assert 100 < len(first) < 200
    assert sample(1) == first != sample(2)


@pytest.mark.parametrize(
    ("column_type", "given", "expected"),
    [
        ("int", ["3", 3.0, " -4 ", True, None], [3, 3, -4, 1, None]),
        ("float", ["0.5", "1e3", 2, None], [0.5, 1000.0, 2.0, None]),
        ("string", ["a", 5, 1.5, False, ["a"], None], ["a", "5", "1.5", "false", '["a"]', None]),
        ("boolean", ["Yes", "0", 1, False, None], [True, False, True, False, None]),
        ({"boolean": {"true_values": ["ja"], "false_values": ["nein"]}}, ["ja", "nein"], [True, False]),
        ({"boolean": {"mismatch_as": "false"}}, ["perhaps", "true"], [False, True]),
        ({"datetime": {"formats": ["%d/%m/%Y"]}}, ["1/2/2024"], ["1/2/2024"]),
        ("stream_info", ["a"], ["a"]),
        ("stream", ["a"], ["a"]),
    ],
)
def test_columns_are_converted(tmp_path, column_type, given, expected):
    rows = [{"image_url": "0.jpg", "label": value} for value in given]
    step = {"convert_column_types": [{"columns": "label", "column_type": column_type}]}
    found = labels(read_table(tmp_path, with_steps(step), {"x.jsonl": rows})[0])
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("column_type", "value"),
    [
        ("int", "a"),
        ("int", 1.5),
        ("int", "1_0"),
        ("int", [1]),
        ("float", "nan"),
        ("float", "9" * 400),
        ("boolean", "x"),
    ],
)
def test_cell_that_cannot_be_converted_costs_its_row(tmp_path, column_type, value):
    rows = [{"image_url": "0.jpg", "label": value}, {"image_url": "0.jpg", "label": 1}]
    step = {"convert_column_types": [{"columns": "label", "column_type": column_type}]}
    records, report = read_table(tmp_path, with_steps(step), {"x.jsonl": rows})
    assert len(records) == 1
    assert findings(report) == [("wrong_column_type", "x.jsonl", 1)]


@pytest.mark.parametrize(
    ("text", "path", "column", "expected"),
    [
        ("/puYear={year}/puMonth={month}", "puYear=2016/puMonth=7/x.jsonl", "month", "7"),
        ("/{Department}/{Day:yyyy/MM/dd}/x.jsonl", "Accounts/2019/01/31/x.jsonl", "Day", "2019-01-31T00:00:00"),
        ("/{Department}/{Day:yyyy/MM/dd}/x.jsonl", "a/Accounts/2019/01/31/x.jsonl", "Department", "Accounts"),
        ("{Day:yyyy/MM/dd/HH}/{name}.jsonl", "z/2019/01/31/23/ü x.y.jsonl", "name", "ü x.y"),
        ("{name}.{extension}", "a/b.c.jsonl", "name", "b.c"),
        ({"partition_format": "{class}/{name}"}, "dogs/1.jsonl", "class", "dogs"),
        ("{class}", "train/dogs/1.jsonl", "class", "1.jsonl"),
    ],
)
def test_columns_come_out_of_paths(tmp_path, text, path, column, expected):
    files = {path: [{"image_url": "0.jpg"}]}
    step = {"extract_columns_from_partition_format": text}
    table = {"paths": [{"pattern": "**/*.jsonl"}], "transformations": [step]}
    records, report = read_table(tmp_path, table, files, target_column_name=column)
    assert labels(records) == [expected], messages(report)


def test_yaml_may_take_a_partition_format_for_a_mapping(tmp_path):
    text = (
        "paths: [{pattern: '**/*.jsonl'}]\ntransformations: [extract_columns_from_partition_format: {day:yyyy/MM/dd}]\n"
    )
    files = {"2024/05/06/x.jsonl": [{"image_url": "0.jpg"}]}
    assert labels(read_table(tmp_path, text, files, target_column_name="day")[0]) == ["2024-05-06T00:00:00"]


def test_path_that_does_not_fit_the_partitions_is_said_once(tmp_path):
    records, report = read_table(
        tmp_path, with_steps({"extract_columns_from_partition_format": "/year={year}/x.jsonl"})
    )
    assert len(records) == 6
    assert codes(report) == ["partition_mismatch"]


def test_path_column_can_be_asked_for(tmp_path):
    table = with_steps(
        {"read_json_lines": {"include_path_column": True}}, {"filter": 'col("Path").endswith("x.jsonl")'}
    )
    assert labels(read_table(tmp_path, table, target_column_name="Path")[0]) == ["x.jsonl"] * 6


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf8", "utf-8"),
        ("utf8bom", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("utf32", "utf-32"),
        ("latin1", "latin-1"),
        ("iso88591", "latin-1"),
        ("windows1252", "cp1252"),
        ("ascii", "utf-8"),
    ],
)
def test_encodings(tmp_path, encoding, codec):
    line = '{"image_url": "0.jpg", "label": "Größe"}\n'
    files = {"x.jsonl": (line * 2).encode(codec)}
    records, report = read_table(tmp_path, with_steps({"read_json_lines": {"encoding": encoding}}), files)
    assert labels(records) == ["Größe"] * 2
    assert codes(report) == []


def test_wrong_encoding_is_said_and_read_no_further(tmp_path):
    files = {"x.jsonl": b'{"image_url": "0.jpg", "label": "x"}\n'}
    records, report = read_table(tmp_path, with_steps({"read_json_lines": {"encoding": "utf16"}}), files)
    assert records == []
    assert codes(report) == ["unreadable_file"]


def test_unknown_encoding_is_said(tmp_path):
    records, report = read_table(tmp_path, with_steps({"read_json_lines": {"encoding": "ebcdic"}}))
    assert len(records) == 6
    assert codes(report) == ["unknown_encoding"]


@pytest.mark.parametrize(("rule", "errors"), [("error", 1), ("drop", 0)])
def test_invalid_lines_are_errors_or_dropped(tmp_path, rule, errors):
    files = {"x.jsonl": '{"image_url": "0.jpg", "label": "x"}\n{\n'}
    records, report = read_table(tmp_path, with_steps({"read_json_lines": {"invalid_lines": rule}}), files)
    assert len(records) == 1
    assert (report.error_count, codes(report)) == (errors, ["invalid_json"])


def test_filter_that_keeps_nothing_is_said(tmp_path):
    records, report = read_table(tmp_path, with_steps({"filter": 'col("lable") == 1'}))
    assert records == []
    assert "kept none of 6 rows" in messages(report)


REFUSED = {
    "unknown": with_steps({"pivot": 1}),
    "delimited": with_steps({"read_delimited": {"delimiter": ","}}),
    "parquet": with_steps({"read_parquet": {}}),
    "delta": with_steps({"read_delta_lake": {}}),
    "negative": with_steps({"take": -1}),
    "not a number": with_steps({"skip": "2"}),
    "true": with_steps({"take": True}),
    "probability": with_steps({"take_random_sample": {"probability": 2}}),
    "seed": with_steps({"take_random_sample": {"probability": 0.5, "seed": "x"}}),
    "filter": with_steps({"filter": 5}),
    "filter calls": with_steps({"filter": '__import__("os")'}),
    "columns": with_steps({"keep_columns": {"a": 1}}),
    "column type": with_steps({"convert_column_types": [{"columns": "a", "column_type": "colour"}]}),
    "column entries": with_steps({"convert_column_types": ["label"]}),
    "column list": with_steps({"convert_column_types": "label"}),
    "partition": with_steps({"extract_columns_from_partition_format": "no column"}),
    "partition columns": with_steps({"extract_columns_from_partition_format": "{a}{b}"}),
    "partition date": with_steps({"extract_columns_from_partition_format": "{a:week}"}),
    "partition braces": with_steps({"extract_columns_from_partition_format": "{a}/{b"}),
    "two keys": with_steps({"take": 1, "skip": 1}),
    "a list": with_steps(["take"]),
    "no list": {"paths": [{"file": "x.jsonl"}], "transformations": {"take": 1}},
    "no paths": {"transformations": []},
    "empty paths": {"paths": []},
    "no mapping": "- a\n- b\n",
    "empty": "",
    "not YAML": "paths: [\n",
    "tag": "paths: !!python/object/apply:os.system ['true']\n",
    "bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "deep": "[" * 10_000,
    "large": b"#" * 300_000,
    "not UTF-8": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("table", REFUSED.values(), ids=REFUSED)
def test_table_that_cannot_be_read_as_it_says_is_not_read(tmp_path, table):
    records, report = read_table(tmp_path, table)
    assert records == []
    assert codes(report)[0] in ("invalid_mltable", "unsupported_transformation")
    assert report.to_dict()["errors"][0]["file"] == "MLTable"

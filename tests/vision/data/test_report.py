from __future__ import annotations

import json

from vision.data.report import Report


def test_a_frequent_finding_does_not_crowd_out_a_rare_one(tmp_path):
    report = Report(max_rows=2, file=tmp_path / "findings.jsonl", max_findings=3)
    for line in range(1, 11):
        report.warning("repeated_row", "again", file="a.jsonl", line=line)
    report.warning("conflicting_labels", "two labels", file="a.jsonl", line=11)
    report.error("invalid_json", "no JSON", file="a.jsonl", line=12)
    report.close()
    listed = [json.loads(line) for line in (tmp_path / "findings.jsonl").read_text().splitlines()]
    assert [(row["code"], row["line"]) for row in listed] == [
        ("repeated_row", 1),
        ("repeated_row", 2),
        ("repeated_row", 3),
        ("conflicting_labels", 11),
        ("invalid_json", 12),
    ]
    said = report.to_dict()
    assert len(said["warnings"]) == 2
    assert said["counts"]["by_code"] == {"repeated_row": 10, "conflicting_labels": 1, "invalid_json": 1}
    assert (said["counts"]["errors"], said["counts"]["warnings"]) == (1, 11)

"""The embedding process, started as a worker starts it: weights or none, killed and started again, bad thumbnails."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.processes import wait_for
from tests.vision.embedding.sets import KINDS, hash_of, make_request, thumbnail_path, write_set
from vision.data.similarity import find_similar, open_vectors
from vision.embedding.launch import embedding_command, embedding_environment
from vision.embedding.process import embed_images
from vision.embedding.request import ABOUT, BASIS, FAILURE, PROGRESS, VECTORS, EmbeddingRequest, read_json
from vision.lifeline import Process, spawn

NAMES = [f"{list(KINDS)[number % 3]}-{number}" for number in range(60)]


def start(request: EmbeddingRequest, torch_home: Path) -> Process:
    environment = embedding_environment(1, "none") | {"TORCH_HOME": str(torch_home)}  # no weights of this machine
    return spawn(embedding_command(request.write()), environment, stdin=subprocess.DEVNULL)


def run(request: EmbeddingRequest, torch_home: Path, code: int = 0) -> dict:
    process = start(request, torch_home)
    try:
        assert process.wait(120) == code
    finally:
        process.stop(timeout=0)
    return read_json(request.out / ABOUT)


@pytest.fixture
def no_cache(tmp_path) -> Path:
    return tmp_path / "no cache"


@pytest.mark.slow
def test_without_weights_colours_and_edges_are_compared_and_the_reason_is_told(tmp_path, no_cache):
    names = [*NAMES, NAMES[4]]
    request = write_set(tmp_path / "set", names)
    bad, gone = (thumbnail_path(tmp_path / "set" / "a storage", hash_of(NAMES[row])) for row in (7, 8))
    bad.write_bytes(bad.read_bytes()[:40])
    gone.unlink()
    about = run(request, no_cache)
    assert about["method"] == "colour-edges"
    assert "MobileNet" in about["reason"]
    assert "not on this machine" in about["reason"]
    assert (about["rows"], about["described"]) == (61, 59)

    vectors = open_vectors(request.out / VECTORS)
    assert vectors.shape == (61, about["dimensions"])
    assert not vectors[[7, 8]].any()
    assert find_similar(vectors, 4, 1) == [(60, pytest.approx(1, abs=1e-3))]  # the same image once more
    kinds = [names[row].partition("-")[0] for row, _ in find_similar(vectors, 0, 15)]
    assert kinds == ["red"] * 15

    points = about["map"]["points"]
    assert [point[0] for point in points] == [row for row in range(61) if row not in (7, 8)]
    assert all(abs(x) <= 1 and abs(y) <= 1 for _, x, y, _ in points)
    labels = about["map"]["labels"]
    assert {one["label"] for one in labels} == set(KINDS)
    assert sum(one["points"] for one in labels) == 59
    assert all(one["alike"] >= 0.8 * one["points"] for one in labels)
    assert all(labels[label]["label"] == names[row].partition("-")[0] for row, _, _, label in points)
    assert not {7, 8} & {row for row, _ in about["outliers"]}


@pytest.mark.slow
def test_with_weights_a_network_describes_them(tmp_path, no_cache):
    import torch

    from vision.architectures.built import build_architecture

    request = write_set(tmp_path / "set", NAMES[:12])
    weights = tmp_path / "weights"
    weights.mkdir()
    torch.manual_seed(0)
    module = build_architecture("mobilenetv2", 1000).module
    torch.save(module.state_dict(), weights / "mobilenet_v2_imagenet.pth")
    about = run(request.model_copy(update={"weights_dir": weights}), no_cache)
    assert (about["method"], about["reason"], about["described"]) == ("mobilenetv2", "", 12)
    assert open_vectors(request.out / VECTORS).any(axis=1).all()


@pytest.mark.slow
def test_a_killed_process_is_gone_on_with(tmp_path, no_cache):
    names = [f"{list(KINDS)[number % 3]}-{number}" for number in range(4_500)]
    request = write_set(tmp_path / "set", names, side=8).model_copy(update={"map_points": 100})
    process = start(request, no_cache)

    def has_begun() -> bool:
        return (request.out / BASIS).exists() and read_json(request.out / PROGRESS).get("done", 0) > 2_048

    wait_for(has_begun, 120)
    process.stop(timeout=0)
    left = read_json(request.out / PROGRESS)
    assert not (request.out / ABOUT).exists()
    assert 2_048 < left["done"] < left["total"] == 4_500

    vectors = open_vectors(request.out / VECTORS)
    done = np.flatnonzero(vectors.any(axis=1))
    kept = vectors[done].copy()
    for row in done[:50]:  # what is done is not looked at again
        thumbnail_path(tmp_path / "set" / "a storage", hash_of(names[row])).unlink()
    about = run(request, no_cache)
    assert about["described"] == 4_500
    assert np.array_equal(open_vectors(request.out / VECTORS)[done[:50]], kept[:50])


@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it(tmp_path, no_cache):
    request = write_set(tmp_path / "set", [f"red-{number}" for number in range(1_500)])
    process = start(request, no_cache)
    wait_for(lambda: read_json(request.out / PROGRESS), 60)
    process.release()  # to the child this looks as if its parent had died
    assert process.wait(20) != 0
    assert not (request.out / ABOUT).exists()


@pytest.mark.slow
def test_no_thumbnail_at_all_is_said(tmp_path, no_cache):
    request = make_request(tmp_path / "set", NAMES[:12], tmp_path / "nothing")
    assert run(request, no_cache, code=1) == {}
    failure = json.loads((request.out / FAILURE).read_bytes())
    assert failure["code"] == "no_thumbnails"
    assert "Import it again" in failure["hint"]


def known_set(tmp_path: Path, names: list[str]) -> EmbeddingRequest:
    """A folder as the process leaves it, its vectors made up."""
    request = make_request(tmp_path / "known", names, tmp_path / "nothing")
    request.out.mkdir()
    random = np.random.default_rng(1)
    vectors = random.normal(size=(len(names), 6))
    vectors[3] = 0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    np.save(request.out / VECTORS, vectors.astype(np.float16))
    np.save(request.out / BASIS, np.zeros((7, 9), np.float32))
    (request.out / ABOUT).write_text(json.dumps({"method": "mobilenetv2", "reason": "told"}))
    return request


def test_vectors_of_the_same_images_are_taken_over_without_a_network(tmp_path):
    known = known_set(tmp_path, NAMES[:20])
    names = [NAMES[9], NAMES[1], NAMES[9], *NAMES[10:20]]
    taken = {"known": known.out, "known_manifest": known.manifest}
    request = make_request(tmp_path / "new", names, tmp_path / "nothing", **taken)
    request.write()
    embed_images(request)
    theirs, mine = open_vectors(known.out / VECTORS), open_vectors(request.out / VECTORS)
    assert np.array_equal(mine, theirs[[9, 1, 9, *range(10, 20)]])
    about = read_json(request.out / ABOUT)
    assert (about["method"], about["reason"], about["rows"], about["described"]) == ("mobilenetv2", "told", 13, 13)
    assert [point[0] for point in about["map"]["points"]] == list(range(13))


@pytest.mark.slow
def test_images_that_are_not_known_are_described(tmp_path, no_cache):
    """Row 3 of the known ones has no vector, and what made the others is not at hand: all are described."""
    known = known_set(tmp_path, NAMES[:20])
    request = write_set(tmp_path / "new", NAMES[:12])
    about = run(request.model_copy(update={"known": known.out, "known_manifest": known.manifest}), no_cache)
    assert (about["method"], about["described"]) == ("colour-edges", 12)

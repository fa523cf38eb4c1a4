from __future__ import annotations

import pytest

from studio.agent.beat import Beat
from studio.agent.machine import _parse_indices, count_cpus, list_gpus, measure_usage
from studio.agent.slots import plan_slots

GPUS = [{"index": 0, "name": "A"}, {"index": 3, "name": "B"}]


def test_without_a_gpu_there_is_one_cpu_slot():
    slots = plan_slots("node", [], cpu_slots=0)
    assert [(slot.name, slot.queue) for slot in slots] == [("default", "default"), ("cpu:0", "cpu")]
    assert slots[1].environment == {"DARKROOM_NODE": "node", "DARKROOM_SLOT": "cpu:0", "CUDA_VISIBLE_DEVICES": ""}


def test_each_gpu_is_one_slot_that_sees_it_alone():
    slots = plan_slots("node", GPUS, cpu_slots=0)
    assert [slot.name for slot in slots] == ["default", "gpu:0", "gpu:3"]
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["", "0", "3"]


def test_cpu_slots_beside_gpus_when_asked_for():
    assert [slot.name for slot in plan_slots("node", GPUS, cpu_slots=2)][3:] == ["cpu:0", "cpu:1"]


def test_gpus_can_be_switched_off():
    assert list_gpus("none") == []


@pytest.mark.parametrize(
    ("wanted", "indices"), [("all", [0, 1, 2]), ("0,2", [0, 2]), ("2, 2, 7", [2]), ("1", [1]), ("x", [])]
)
def test_gpu_indices(wanted, indices):
    assert _parse_indices(wanted, 3) == indices


def test_usage_is_of_this_machine(tmp_path):
    usage = measure_usage(tmp_path)
    assert 0 < usage["disk_free"] <= usage["disk_total"]
    assert usage["memory_used"] > 0
    assert count_cpus() >= 1


def test_a_failing_part_does_not_take_the_agent_down(caplog):
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise RuntimeError("broken part")

    beat = Beat("part", fail, 0.0)
    beat.tick()
    beat.tick()
    assert len(calls) == 1  # the second try comes a second later
    assert "broken part" in caplog.text

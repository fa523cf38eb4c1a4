from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_weights, torchs_cache
from vision.errors import WeightsUnavailableError

MOBILENET = ARCHITECTURES.get("mobilenetv2")


def ignore(message: str, fraction: float) -> None: ...


@pytest.fixture(autouse=True)
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's own cache, in this test's folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


def test_the_folder_is_looked_in_by_the_patterns_in_order(tmp_path: Path) -> None:
    for name in ("mobilenet_v2_mine.pth", "mobilenet_v2-b0353104.pth", "other.pth"):
        (tmp_path / name).touch()
    assert find_weights(MOBILENET, tmp_path, True, ignore).name == "mobilenet_v2-b0353104.pth"
    (tmp_path / "mobilenet_v2-b0353104.pth").unlink()
    assert find_weights(MOBILENET, tmp_path, True, ignore).name == "mobilenet_v2_mine.pth"


def test_torchs_cache_is_looked_in_next(tmp_path: Path, empty_hub: Path) -> None:
    empty_hub.mkdir(parents=True)
    (empty_hub / "mobilenet_v2-b0353104.pth").touch()
    assert find_weights(MOBILENET, tmp_path / "none", True, ignore).parent == empty_hub


def test_offline_and_missing_gives_the_choice(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailableError) as caught:
        find_weights(MOBILENET, tmp_path, True, ignore)
    assert "mobilenet_v2-b0353104.pth" in caught.value.hint
    assert str(tmp_path) in caught.value.hint
    assert "pretrained: none" in caught.value.hint


def fail_to_download(folder: Path, on_progress: object) -> Path:
    raise OSError("no route to host")


def test_a_failed_download_gives_the_choice_and_the_reason(tmp_path: Path) -> None:
    pretrained = replace(MOBILENET.pretrained, download=f"{__name__}:fail_to_download")
    with pytest.raises(WeightsUnavailableError, match="no route to host") as caught:
        find_weights(replace(MOBILENET, pretrained=pretrained), tmp_path, False, ignore)
    assert "pretrained: none" in caught.value.hint


def lose_the_name(folder: Path, on_progress: object) -> Path:
    raise URLError(OSError(-2, "Name or service not known"))


def test_an_unreachable_server_is_told_in_plain_words(tmp_path: Path) -> None:
    pretrained = replace(MOBILENET.pretrained, download=f"{__name__}:lose_the_name")
    with pytest.raises(WeightsUnavailableError, match=r"failed \(Name or service not known\)"):
        find_weights(replace(MOBILENET, pretrained=pretrained), tmp_path, False, ignore)


@pytest.mark.parametrize(
    "environment",
    [{}, {"TORCH_HOME": "~/of torch"}, {"XDG_CACHE_HOME": "/caches"}, {"XDG_CACHE_HOME": "/a", "TORCH_HOME": "/b"}],
    ids=lambda environment: ",".join(environment) or "none",
)
def test_torchs_cache_is_where_torch_says(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch.hub

    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert torchs_cache() == Path(torch.hub.get_dir()) / "checkpoints"

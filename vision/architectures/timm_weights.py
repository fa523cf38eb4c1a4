"""Where timm's pretrained weights come from: the repository and file that timm itself names."""

from __future__ import annotations

from pathlib import Path

import timm
from timm.models import PretrainedCfg

from vision.architectures.download import download_file, download_from_hub, find_in_hub_cache
from vision.catalog.weights_lookup import OnProgress

SAFETENSORS = "model.safetensors"


def download_timm_weights(network: str, folder: Path, on_progress: OnProgress) -> Path:
    """Fetch the weights of `network` (its default ones, or those of the tag it bears).

    Raises:
        OSError: timm publishes none, or they could not be fetched.
    """
    config = _read_config(network)
    if config is not None and config.hf_hub_id:
        return download_from_hub(config.hf_hub_id, _file_name(config), folder, f"{network}.safetensors", on_progress)
    if config is not None and config.url and not config.custom_load:
        return download_file(str(config.url), folder, on_progress).replace(folder / f"{network}.pth")
    raise OSError(f"timm publishes no weights of {network}")


def find_cached_timm_weights(network: str) -> Path | None:
    """The weights of `network` among what timm has downloaded before."""
    config = _read_config(network)
    return find_in_hub_cache(config.hf_hub_id, _file_name(config)) if config is not None and config.hf_hub_id else None


def _read_config(network: str) -> PretrainedCfg | None:
    return timm.get_pretrained_cfg(network)


def _file_name(config: PretrainedCfg) -> str:
    name = config.hf_hub_filename or SAFETENSORS
    return name if name.endswith(".safetensors") else SAFETENSORS

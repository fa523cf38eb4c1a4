"""The files of a network on the Hub: `config.json` builds it, `preprocessor_config.json` says how its images are
prepared, `model.safetensors` holds its weights. No code of a repository is ever loaded.

They lie in `<id with -- for its slash>/` in one of the folders of weights, or in the hub client's own cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vision.architectures.download import download_from_hub, find_in_hub_cache
from vision.architectures.hub_configurations import KNOWN
from vision.catalog.weights_lookup import OnProgress, choose_download_folder
from vision.errors import NotFoundError, WeightsUnavailableError, first_line

CONFIG, PROCESSOR, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"

# What building the network must not take from a file: labels (the run has its own), where code or other weights are to
# be had, and how numbers are stored.
_LEFT_OUT = {
    *("id2label", "label2id", "num_labels", "problem_type", "auto_map", "custom_pipelines", "quantization_config"),
    *("torch_dtype", "dtype", "attn_implementation", "transformers_version", "use_pretrained_backbone"),
    *("_name_or_path", "_commit_hash", "_attn_implementation", "_attn_implementation_internal", "_auto_class"),
}


def find_hub_options(
    network: str, folders: Sequence[Path], offline: bool, on_progress: OnProgress
) -> dict[str, dict[str, Any]]:
    """`hub_config` and `hub_processor`, as a model's card keeps them; fetched now if need be.

    The processor's file goes with the configuration's: where that is found and the other is not, there is none. Where
    nothing is found or can be fetched, what we know of a listed network by heart builds it.

    Raises:
        NotFoundError: no such repository on the Hub.
        WeightsUnavailableError: not here, and offline or not to be fetched; or a file that is no JSON object.
    """
    config = _find(network, CONFIG, folders)
    if config is None:
        try:
            config = _fetch(network, folders, offline, on_progress)
        except WeightsUnavailableError:
            if network not in KNOWN:
                raise
            return KNOWN[network].as_options()
    beside = config.with_name(PROCESSOR)
    processor = beside if beside.is_file() else None
    return {"hub_config": _clean(_read(config)), "hub_processor": _read(processor) if processor else {}}


def download_hub_weights(network: str, folder: Path, on_progress: OnProgress) -> Path:
    """Fetch the weights of the repository `network` into its folder in `folder`.

    Raises:
        OSError: unreachable or refused, or the repository has no safetensors file.
    """
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return download_from_hub(network, WEIGHTS, folder / _folder_name(network), WEIGHTS, on_progress)
    except EntryNotFoundError as error:
        raise OSError(f"{network} offers no {WEIGHTS}, and nothing else is loaded") from error


def find_cached_hub_weights(network: str) -> Path | None:
    """The weights in the hub client's own cache."""
    return find_in_hub_cache(network, WEIGHTS)


def _folder_name(network: str) -> str:
    return network.replace("/", "--")


def _find(network: str, name: str, folders: Sequence[Path]) -> Path | None:
    paths = (folder / _folder_name(network) / name for folder in folders)
    return next((path for path in paths if path.is_file()), None) or find_in_hub_cache(network, name)


def _fetch(network: str, folders: Sequence[Path], offline: bool, on_progress: OnProgress) -> Path:
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

    if offline:
        raise _unavailable(network, folders, "is not on this machine and STUDIO_OFFLINE forbids downloading it")
    folder = choose_download_folder(folders) / _folder_name(network)
    try:
        try:  # first, so that a folder with the configuration is complete
            download_from_hub(network, PROCESSOR, folder, PROCESSOR, on_progress)
        except EntryNotFoundError:
            pass
        return download_from_hub(network, CONFIG, folder, CONFIG, on_progress)
    except GatedRepoError as error:
        reason = "is only given to those who accepted its terms: do so on its page and set HF_TOKEN"
        raise _unavailable(network, folders, reason) from error
    except RepositoryNotFoundError as error:
        raise NotFoundError(
            f"The Hub has no network {network}, or it is private.", hint="Correct model_name, or set HF_TOKEN."
        ) from error
    except Exception as error:
        # Its client raises errors of several families; the way on is the same for all.
        raise _unavailable(network, folders, f"could not be fetched ({first_line(error)})") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise WeightsUnavailableError(f"{path} cannot be read: {error}.", hint="Replace the file.") from error
    if not isinstance(value, dict):
        raise WeightsUnavailableError(f"{path} holds no JSON object.", hint="Replace the file.")
    return value


def _clean(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without what must not be taken, in the configurations of its parts as well."""
    kept = {name: value for name, value in config.items() if name not in _LEFT_OUT}
    return {name: _clean(value) if isinstance(value, dict) else value for name, value in kept.items()}


def _unavailable(network: str, folders: Sequence[Path], reason: str) -> WeightsUnavailableError:
    return WeightsUnavailableError(
        f"The configuration of {network} {reason}.",
        hint=f"Put {CONFIG} and {PROCESSOR} of it, and {WEIGHTS} to start from its weights, into "
        f"{folders[0] / _folder_name(network)}, or choose a listed network.",
    )

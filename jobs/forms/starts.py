"""The trials that a job may start from, as choices of `checkpoint_run_id`."""

from __future__ import annotations

from jobs.forms.option import Option
from jobs.models import Trial
from jobs.services.starting import PARAMETER, list_starts

FIELD = f"training_parameters.{PARAMETER}"
_MOST = 50


def list_start_options(task_type: str, architecture: str, chosen: str) -> tuple[Option, ...]:
    """No trial, then the newest that fit (`architecture`: empty for any); one that is chosen all the same is kept."""
    options = [Option("", "None: start from the published weights", not chosen)]
    options += [
        Option(trial.name, _title(trial), trial.name == chosen)
        for trial in list_starts(task_type, architecture)[:_MOST]
    ]
    if chosen and not any(option.is_chosen for option in options):
        options.append(Option(chosen, chosen, True))
    return tuple(options)


def _title(trial: Trial) -> str:
    facts = [trial.name, trial.architecture, str(trial.job.training_data)]
    if trial.primary_metric is not None:
        facts.append(f"{trial.job.primary_metric} {trial.primary_metric:.3f}")
    if trial.checkpoint_key:
        facts.append(f"stopped after {trial.checkpoint_epoch} of {trial.epochs_total} epochs")
    return " · ".join(facts)

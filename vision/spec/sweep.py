"""`sweep` and `search_space` of a job document (SPEC §6.3–6.5): read, checked, kept as plain mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from vision.errors import Detail
from vision.spec.job_model import fold_case
from vision.spec.parameters import canonical_name
from vision.spec.training import check_combination, clean_parameters
from vision.spec.validation import list_problems

Intervals = Annotated[int, Field(ge=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Policy(_Model):
    """When a trial that falls behind is ended."""

    type: Annotated[Literal["bandit", "median_stopping", "truncation_selection"], BeforeValidator(fold_case)]
    evaluation_interval: Intervals = 1
    delay_evaluation: int = Field(0, ge=0)
    slack_factor: float | None = Field(None, gt=0)
    slack_amount: float | None = Field(None, gt=0)
    truncation_percentage: int | None = Field(None, ge=1, le=99)
    exclude_finished_jobs: bool | None = None

    @model_validator(mode="after")
    def _check_arguments(self) -> Policy:
        slacks = [name for name in ("slack_factor", "slack_amount") if getattr(self, name) is not None]
        if self.type == "bandit" and len(slacks) != 1:
            raise ValueError("bandit takes exactly one of slack_factor and slack_amount.")
        if self.type != "bandit" and slacks:
            raise ValueError(f"{slacks[0]} belongs to bandit, not to {self.type}.")
        if self.type == "truncation_selection" and self.truncation_percentage is None:
            raise ValueError("truncation_selection needs truncation_percentage, 1 to 99.")
        if self.type != "truncation_selection" and (self.truncation_percentage or self.exclude_finished_jobs):
            raise ValueError(f"truncation_percentage belongs to truncation_selection, not to {self.type}.")
        return self


class Sampling(_Model):
    """How values are drawn."""

    type: Annotated[Literal["random", "grid", "bayesian"], BeforeValidator(fold_case)]
    rule: Literal["random", "sobol"] | None = None
    seed: int | None = None
    logbase: float | str | None = None

    @model_validator(mode="after")
    def _check_arguments(self) -> Sampling:
        if self.type != "random" and self.model_dump(exclude_none=True).keys() - {"type"}:
            raise ValueError(f"rule, seed and logbase belong to random sampling, not to {self.type}.")
        return self


class Sweep(_Model):
    sampling_algorithm: Annotated[
        Sampling, BeforeValidator(lambda value: {"type": value} if isinstance(value, str) else value)
    ]
    early_termination: Policy | None = None


class _Choice(_Model):
    type: Literal["choice"]
    values: list[Any] = Field(min_length=1)


class _Randint(_Model):
    type: Literal["randint"]
    upper: int = Field(ge=1)


class _Range(_Model):
    type: Literal["uniform", "quniform", "loguniform", "qloguniform"]
    min_value: float
    max_value: float
    q: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _check_bounds(self) -> _Range:
        if self.min_value >= self.max_value:
            raise ValueError("min_value must be below max_value.")
        return self


class _Bell(_Model):
    type: Literal["normal", "qnormal", "lognormal", "qlognormal"]
    mu: float
    sigma: float = Field(gt=0)
    q: float | None = Field(None, gt=0)


_EXPRESSIONS: dict[str, type[_Model]] = {
    "choice": _Choice,
    "randint": _Randint,
    **dict.fromkeys(("uniform", "quniform", "loguniform", "qloguniform"), _Range),
    **dict.fromkeys(("normal", "qnormal", "lognormal", "qlognormal"), _Bell),
}
_MAY_BE_MAPPINGS = ("augmentations", "advanced_settings")
_ACCEPTED = {"grid": {"choice"}, "bayesian": {"choice", "uniform", "quniform"}, "random": set(_EXPRESSIONS)}


def clean_sweep(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Detail]]:
    """The sweep with its sampling algorithm as a plain word where that says all, and what is wrong with it."""
    try:
        sweep = TypeAdapter(Sweep).validate_python(dict(given))
    except ValidationError as error:
        return {}, list_problems(error, Sweep, "sweep")
    values = sweep.model_dump(exclude_none=True)
    if list(values["sampling_algorithm"]) == ["type"]:
        values["sampling_algorithm"] = values["sampling_algorithm"]["type"]
    return values, []


def clean_search_space(
    task_type: str, given: list[Any], algorithm: str | None
) -> tuple[tuple[dict[str, Any], ...], list[Detail]]:
    """The subspaces under canonical names, and what is wrong with them."""
    spaces: list[dict[str, Any]] = []
    problems: list[Detail] = []
    for index, subspace in enumerate(given):
        path = f"search_space[{index}]"
        if not isinstance(subspace, dict) or not subspace:
            problems.append(Detail("Must map parameters to values or expressions.", path=path))
            continue
        space, found = _clean_subspace(task_type, subspace, path, algorithm)
        spaces.append(space)
        problems += found
    if algorithm == "bayesian" and len(given) > 1:
        problems.append(Detail("Bayesian sampling takes one subspace only.", path="search_space"))
    return tuple(spaces), problems


def _clean_subspace(
    task_type: str, subspace: dict[str, Any], path: str, algorithm: str | None
) -> tuple[dict[str, Any], list[Detail]]:
    """Constants are checked as parameters, and so is each value that a choice or the ends of a range may give; all of
    them must fit every network that the subspace may draw."""
    given = {str(name): value for name, value in subspace.items()}
    constants = {name: value for name, value in given.items() if not _is_expression(name, value)}
    space, problems = clean_parameters(task_type, constants, path)
    for name, expression in given.items():
        if name in constants:
            continue
        found = _check_expression(expression, f"{path}.{name}", algorithm)
        if not found:
            canonical, expression, found = _check_draws(task_type, name, expression, path)
            space[canonical] = expression
        problems += found
    return space, problems + (_check_networks(task_type, space, path) if not problems else [])


def _is_expression(name: str, value: Any) -> bool:
    """Mappings are expressions, but for the values that are mappings themselves (JSON written as YAML)."""
    return isinstance(value, dict) and (canonical_name(name) not in _MAY_BE_MAPPINGS or "type" in value)


def _check_networks(task_type: str, space: dict[str, Any], path: str) -> list[Detail]:
    """What does not fit one of the networks that the subspace may draw."""
    problems: list[Detail] = []
    for network in _draws(space.get("model_name")):
        for name, value in space.items():
            for draw in _draws(value):
                found = check_combination(task_type, {"model_name": network, name: draw}, path)
                problems += [item for item in found if item not in problems]
    return problems


def _draws(value: Any) -> list[Any]:
    """The values to check of a constant or a cleaned expression: all of a choice, the ends of a range."""
    if not isinstance(value, dict):
        return [] if value is None else [value]
    if value["type"] == "choice":
        return list(value["values"])
    return [value["min_value"], value["max_value"]] if value["type"] in ("uniform", "quniform") else []


def _check_expression(expression: dict[str, Any], path: str, algorithm: str | None) -> list[Detail]:
    kind = expression.get("type")
    model = _EXPRESSIONS.get(str(kind))
    if model is None:
        return [Detail(f"Must be one of {', '.join(_EXPRESSIONS)}, not {kind!r}.", path=f"{path}.type")]
    if algorithm and kind not in _ACCEPTED[algorithm]:
        accepted = ", ".join(sorted(_ACCEPTED[algorithm]))
        return [Detail(f"{algorithm} sampling takes {accepted}, not {kind}.", path=f"{path}.type")]
    try:
        parsed = model.model_validate(expression)
    except ValidationError as error:
        return list_problems(error, model, path)
    needs_q, has_q = str(kind).startswith("q"), getattr(parsed, "q", None) is not None
    if needs_q != has_q:
        return [Detail(f"{kind} needs q." if needs_q else f"{kind} takes no q.", path=f"{path}.q")]
    return []


def _check_draws(
    task_type: str, name: str, expression: dict[str, Any], path: str
) -> tuple[str, dict[str, Any], list[Detail]]:
    problems: list[Detail] = []
    read: list[Any] = []
    canonical = canonical_name(name) or name
    draws = _draws(expression)
    for draw in draws:
        values, found = clean_parameters(task_type, {name: draw}, path)
        problems += [item for item in found if item not in problems]
        read += values.values()
    if not draws:  # a name that is no parameter is one whatever is drawn
        _, found = clean_parameters(task_type, {name: None}, path)
        problems += found
    return canonical, {**expression, "values": read} if "values" in expression else expression, problems

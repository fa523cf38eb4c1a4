"""The two lanes. Each runs in a process of its own, so that a slow explanation never holds a prediction up."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import litserve

from endpoints.model_server.answers import Answer, answer_failure, answer_result, answer_user_error
from endpoints.model_server.following import follow_parent
from endpoints.model_server.loop import LaneLoop
from vision.errors import UserError
from vision.spec.scoring import parse_scoring_request

if TYPE_CHECKING:  # torch is loaded by the lanes' own processes only
    from vision.inference.classification import ClassificationPredictor
    from vision.inference.predictor import Predictor

logger = logging.getLogger(__name__)

_BATCH = 16
_EXPLAIN_NICENESS = 5  # predictions come first; training is as nice, so that an explanation is not starved by it


class Lane(litserve.LitAPI):  # type: ignore[misc]
    """Bodies of SPEC §3 in, answers out; one answer a body, errors included, so that none spoils its batch."""

    predictor: Predictor[Any]
    paths: tuple[str, ...] = ()
    """Further paths whose requests this lane answers."""

    def __init__(self, model: Path, device: str, api_path: str, max_batch_size: int) -> None:
        super().__init__(max_batch_size=max_batch_size, api_path=api_path, loop=LaneLoop())
        self._model, self._device_name = model, device

    def setup(self, device: str) -> None:
        """Load and warm up, in the lane's own process; LitServe calls the server healthy only afterwards."""
        follow_parent()
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        import torch

        from vision.inference.predictor import Predictor

        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
        self.predictor = Predictor.load(self._model, self._device_name)
        self.warm_up()
        logger.info("%s is warm on %s.", self.api_path, self.predictor.device)

    def warm_up(self) -> None:
        """Run once what requests will run, so that the first one is as quick as the rest."""
        raise TypeError("A lane says how it is warmed up.")


class PredictLane(Lane):
    """Predictions, batched over requests. `is_alone`: there is no other lane, and what it would be asked comes here."""

    def __init__(self, model: Path, device: str, is_alone: bool = False) -> None:
        super().__init__(model, device, "/predict", _BATCH)
        self.paths = ("/explain",) if is_alone else ()

    def warm_up(self) -> None:
        image = _make_image(self.predictor)
        for count in (1, 1, 2):
            self.predictor.predict([image] * count)

    def predict(self, bodies: Sequence[bytes], **_: Any) -> list[Answer]:
        prepared = [self._prepare(body) for body in bodies]
        try:
            results = iter(
                self.predictor.predict_prepared([item for part in prepared if isinstance(part, list) for item in part])
            )
        except Exception as error:
            logger.exception("A batch of %d requests failed.", len(bodies))
            return [part if isinstance(part, Answer) else answer_failure(error) for part in prepared]
        return [part if isinstance(part, Answer) else answer_result([next(results) for _ in part]) for part in prepared]

    def _prepare(self, body: bytes) -> list[Any] | Answer:
        try:
            images = self.predictor.open_items(parse_scoring_request(body))
            return [self.predictor.prepare(image) for image in images]
        except UserError as error:
            return answer_user_error(error)
        except Exception as error:
            logger.exception("A request could not be prepared.")
            return answer_failure(error)


class ExplainLane(Lane):
    """Predictions with explanations, one request after the other, behind predictions when the CPU is short."""

    predictor: ClassificationPredictor

    def __init__(self, model: Path, device: str) -> None:
        super().__init__(model, device, "/explain", 1)

    def setup(self, device: str) -> None:
        super().setup(device)
        os.nice(_EXPLAIN_NICENESS)  # only now: a server should not be late in becoming healthy

    def warm_up(self) -> None:
        from vision.spec.scoring import XaiParameters

        square = self.predictor.crop(_make_image(self.predictor))
        for name in self.predictor.explainers:
            xai = XaiParameters.model_validate({"xai_algorithm": name, "n_steps": 2})
            self.predictor.explain_target(square, 0, xai)

    def predict(self, bodies: Sequence[bytes], **_: Any) -> list[Answer]:
        return [self._answer(body) for body in bodies]

    def _answer(self, body: bytes) -> Answer:
        try:
            return answer_result(self.predictor.score(parse_scoring_request(body)))
        except UserError as error:
            return answer_user_error(error)
        except Exception as error:
            logger.exception("An explanation failed.")
            return answer_failure(error)


def _make_image(predictor: Predictor[Any]) -> Any:
    """An image with something on it, of the size the network is given."""
    from PIL import Image

    side = predictor.sample_side
    return Image.linear_gradient("L").resize((side, side)).convert("RGB")

"""Answers every image as a multi-label model would (SPEC §3.2, §3.3); the "picture" of each label is its name."""

from __future__ import annotations

import base64

from tests.endpoints.model_like import serve

PROBABILITIES = {"nut": 0.81, "scratched": 0.04, "screw": 0.62, "washer": 0.3}


def _answer(item) -> dict:
    answer = {"probs": list(PROBABILITIES.values()), "labels": list(PROBABILITIES)}
    if item.xai is not None:
        threshold = item.xai.confidence_score_threshold_multilabel
        answer["explained_labels"] = [name for name, value in PROBABILITIES.items() if value >= threshold]
        answer["visualizations"] = [base64.b64encode(name.encode()).decode() for name in answer["explained_labels"]]
        answer["is_informative"] = [name != "screw" for name in answer["explained_labels"]]
    return answer


if __name__ == "__main__":
    serve(_answer)

"""What the Consume tab shows: programs that work when pasted, the key in them."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from vision.catalog.task_types import TaskType


@dataclass(frozen=True)
class Sample:
    """One program. `language` is what it is written in, `title` what it does."""

    title: str
    language: str
    text: str


_CURL_FILE = Template('curl -sS "$uri" -H "Authorization: Bearer $key" -F image=@photo.jpg\n')

_CURL_JSON = Template(
    """\
printf '{"input_data": {"columns": ["image"], "data": ["%s"]}}' "$$(base64 < photo.jpg | tr -d '\\n')" |
  curl -sS "$uri" -H "Authorization: Bearer $key" -H "Content-Type: application/json" --data-binary @-
"""
)

_CURL_EXPLAIN = Template(
    """\
curl -sS "$uri" -H "Authorization: Bearer $key" -F image=@photo.jpg -F xai_algorithm=xrai |
  python3 -c 'import base64, json, sys
$save'
"""
)

# What the answers of each task type are read with: the explained pictures where there are any, and the predictions
_SAVE = {
    TaskType.CLASSIFICATION: """\
picture = json.load(sys.stdin)[0]["visualizations"]
open("explained.png", "wb").write(base64.b64decode(picture))""",
    TaskType.MULTILABEL: """\
answer = json.load(sys.stdin)[0]
for number, picture in enumerate(answer["visualizations"]):
    open("explained-%d.png" % number, "wb").write(base64.b64decode(picture))
    print("explained-%d.png" % number, answer["explained_labels"][number])""",
}
_PRINT = {
    TaskType.CLASSIFICATION: """\
    label, probability = max(zip(answer["labels"], answer["probs"]), key=lambda pair: pair[1])
    print(label, round(probability, 4))""",
    TaskType.MULTILABEL: """\
    for label, probability in zip(answer["labels"], answer["probs"]):
        if probability >= 0.5:
            print(label, round(probability, 4))""",
    TaskType.DETECTION: """\
    for found in answer["boxes"]:
        print(found["label"], round(found["score"], 4), found["box"])""",
    TaskType.SEGMENTATION: """\
    for found in answer["boxes"]:
        print(found["label"], round(found["score"], 4), found["polygon"])""",
}

_PYTHON = Template(
    '''\
import base64
import json
import urllib.request

URI = "$uri"
KEY = "$key"


def score(*paths, deployment=None):
    """The answer for each image file."""
    images = []
    for path in paths:
        with open(path, "rb") as file:
            images.append(base64.b64encode(file.read()).decode())
    headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}
    if deployment:  # one deployment by name, whatever the traffic
        headers["azureml-model-deployment"] = deployment
    body = json.dumps({"input_data": {"columns": ["image"], "data": images}}).encode()
    with urllib.request.urlopen(urllib.request.Request(URI, body, headers)) as response:
        return json.load(response)


for answer in score("photo.jpg"):
$print
'''
)


def make_samples(uri: str, key: str, task_type: str = TaskType.CLASSIFICATION) -> list[Sample]:
    """The programs for an endpoint with models of that task type. Each reads `photo.jpg` in the current folder."""
    kind = TaskType(task_type)
    given = {"uri": uri, "key": key, "print": _PRINT[kind]}
    samples = [
        Sample("curl, an image file", "bash", _CURL_FILE.substitute(given)),
        Sample("curl, JSON as on Azure", "bash", _CURL_JSON.substitute(given)),
        Sample("Python, standard library only", "python", _PYTHON.substitute(given)),
    ]
    if kind in _SAVE:
        explained = _CURL_EXPLAIN.substitute(given, save=_SAVE[kind])
        samples.insert(2, Sample("curl, with an explanation", "bash", explained))
    return samples

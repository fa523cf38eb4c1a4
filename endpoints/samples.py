"""What the Consume tab shows: programs that work when pasted, the key in them."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template


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
picture = json.load(sys.stdin)[0]["visualizations"]
open("explained.png", "wb").write(base64.b64decode(picture))'
"""
)

_PYTHON = Template(
    '''\
import base64
import json
import urllib.request

URI = "$uri"
KEY = "$key"


def score(*paths, deployment=None):
    """The answer for each image file: {"probs": [...], "labels": [...]}."""
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
    label, probability = max(zip(answer["labels"], answer["probs"]), key=lambda pair: pair[1])
    print(label, round(probability, 4))
'''
)


def make_samples(uri: str, key: str) -> list[Sample]:
    """The programs for one endpoint. Each reads `photo.jpg` in the current folder."""
    given = {"uri": uri, "key": key}
    return [
        Sample("curl, an image file", "bash", _CURL_FILE.substitute(given)),
        Sample("curl, JSON as on Azure", "bash", _CURL_JSON.substitute(given)),
        Sample("curl, with an explanation", "bash", _CURL_EXPLAIN.substitute(given)),
        Sample("Python, standard library only", "python", _PYTHON.substitute(given)),
    ]

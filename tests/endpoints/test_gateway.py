from __future__ import annotations

import asyncio
import json
from collections import Counter

import httpx
import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from endpoints import services
from endpoints.gateway import routes
from endpoints.models import DeploymentInstance
from studio.asgi import application
from tests.endpoints.conftest import run_server
from tests.endpoints.factories import make_deployment, make_endpoint
from tests.running import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
URL = "/endpoints/fasteners/score"


@pytest.fixture
def endpoint(upstream):
    endpoint = make_endpoint("fasteners", traffic={"blue": 100})
    make_deployment(endpoint, "blue", urls=(upstream,))
    return endpoint


def order(text: str) -> dict:
    return {"input_data": {"columns": ["image"], "data": [text]}}


async def post(client: httpx.AsyncClient, text: str, key: str, url: str = URL, **headers: str) -> httpx.Response:
    authorization = {"Authorization": f"Bearer {key}"} if key else {}
    return await client.post(url, json=order(text), headers={**authorization, **headers})


def run(act):
    """Run one coroutine function against the real ASGI application."""

    async def inside():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=30) as client:
            return await act(client)

    return asyncio.run(inside())


def score(text: str, key: str, url: str = URL, **headers: str) -> httpx.Response:
    return run(lambda client: post(client, text, key, url, **headers))


@pytest.mark.parametrize("url", [URL, f"/api/v1{URL}"])
def test_answers_what_the_model_server_answers(endpoint, url):
    answer = score("ok", endpoint.primary_key, url)
    assert answer.status_code == 200
    assert answer.json()[0]["path"] == "/predict"
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["content-type"] == "application/json"
    assert "model;dur=" in answer.headers["server-timing"]


def test_explanations_go_to_their_own_lane(endpoint):
    item = json.dumps({"image_base64": "", "model_explainability": True})
    assert score(item, endpoint.primary_key).json()[0]["path"] == "/explain"


def test_both_keys_and_the_owners_token_open(endpoint, settings):
    for key in (endpoint.primary_key, endpoint.secondary_key, settings.STUDIO_ADMIN_TOKEN):
        assert score("ok", key).status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", "schlüssel"])
def test_bad_keys_are_401(endpoint, key):
    answer = run(
        lambda client: client.post(URL, json=order("ok"), headers=[(b"authorization", f"Bearer {key}".encode())])
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_replaced_key_stops_working_within_a_second(endpoint):
    async def act(client):
        key = endpoint.primary_key
        assert (await post(client, "ok", key)).status_code == 200
        await asyncio.to_thread(services.regenerate_keys, endpoint, "primary")
        await asyncio.sleep(1.05)
        return (await post(client, "ok", key)).status_code, (await post(client, "ok", endpoint.primary_key)).status_code

    assert run(act) == (401, 200)


def test_no_endpoint_deployment_or_traffic_is_404(endpoint):
    assert score("ok", "any", "/endpoints/none/score").status_code == 404
    named = score("ok", endpoint.primary_key, **{"azureml-model-deployment": "red"})
    assert named.status_code == 404
    assert "blue" in named.json()["error"]["hint"]
    services.update_traffic(endpoint, {})
    assert "traffic" in score("ok", endpoint.primary_key).json()["error"]["message"]
    assert score("ok", endpoint.primary_key, **{"azureml-model-deployment": "blue"}).status_code == 200


def test_slower_than_the_timeout_is_408(endpoint):
    endpoint.deployments.update(request_timeout_ms=300)
    answer = score("sleep:5", endpoint.primary_key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "timeout")


@pytest.mark.parametrize(("given", "expected"), [(424, 424), (422, 422), (500, 424), (504, 408)])
def test_errors_of_the_model_server(endpoint, given, expected):
    answer = score(f"status:{given}", endpoint.primary_key)
    assert answer.status_code == expected
    assert answer.json()["error"]["message"]


def test_too_many_pending_are_429(endpoint):
    endpoint.deployments.update(max_concurrent_requests_per_instance=2)

    async def act(client):
        slow = [asyncio.create_task(post(client, "sleep:1.5", endpoint.primary_key)) for _ in range(6)]
        statuses = Counter([answer.status_code for answer in await asyncio.gather(*slow)])
        return statuses, (await post(client, "ok", endpoint.primary_key)).status_code

    statuses, after = run(act)
    assert statuses == {200: 4, 429: 2}
    assert after == 200


def test_instances_take_turns(endpoint, upstream, second_upstream):
    endpoint.deployments.all().delete()
    make_deployment(endpoint, "blue", urls=(upstream, second_upstream))

    async def act(client):
        return Counter([(await post(client, "ok", endpoint.primary_key)).json()[0]["port"] for _ in range(10)])

    assert sorted(run(act).values()) == [5, 5]


def test_a_dead_instance_is_passed_over_and_no_other_is_503(endpoint, upstream):
    endpoint.deployments.all().delete()
    deployment = make_deployment(endpoint, "blue", urls=(f"http://127.0.0.1:{free_port()}", upstream))

    async def act(client):
        return {(await post(client, "ok", endpoint.primary_key)).status_code for _ in range(4)}

    assert run(act) == {200}
    deployment.instances.filter(index=1).update(state=DeploymentInstance.State.UNHEALTHY)
    answer = score("ok", endpoint.primary_key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_healthy_instance")


def test_a_server_that_dies_while_it_answers_is_503(endpoint):
    with run_server("tests.endpoints.upstream", free_port()) as url:
        make_deployment(endpoint, "doomed", urls=(url,))
        assert score("crash", endpoint.primary_key, **{"azureml-model-deployment": "doomed"}).status_code == 503


def test_traffic_is_shared_by_its_per_cents(endpoint, second_upstream):
    make_deployment(endpoint, "green", urls=(second_upstream,))
    services.update_traffic(endpoint, {"blue": 80, "green": 20})
    route = routes.load_route("fasteners")
    picked = Counter(route.pick(None).name for _ in range(5000))
    assert 0.15 < picked["green"] / 5000 < 0.25
    assert route.pick("green").name == "green"


def test_mirrored_requests_are_copied_and_not_seen(endpoint, second_upstream):
    make_deployment(endpoint, "shadow", urls=(second_upstream,))
    services.update_endpoint(endpoint, {"mirror_traffic": {"shadow": 50}})

    async def act(client):
        before = httpx.post(f"{second_upstream}/seen", json=order("seen")).json()["predictions"]
        answers = [await post(client, "ok", endpoint.primary_key) for _ in range(40)]
        for _ in range(10):
            await post(client, "ok", endpoint.primary_key, **{"azureml-model-deployment": "blue"})
        await asyncio.sleep(0.5)
        seen = httpx.post(f"{second_upstream}/seen", json=order("seen")).json()["predictions"]
        return {answer.headers["azureml-model-deployment"] for answer in answers}, seen - before

    served_by, copies = run(act)
    assert served_by == {"blue"}
    assert 5 <= copies <= 35


def test_a_warm_route_needs_no_query(endpoint, monkeypatch):
    reads = []
    load = routes.load_route
    monkeypatch.setattr("endpoints.gateway.cache.load_route", lambda name: reads.append(name) or load(name))

    async def act(client):
        for _ in range(20):
            assert (await post(client, "ok", endpoint.primary_key)).status_code == 200

    run(act)
    assert len(reads) <= 2


def test_a_route_costs_three_queries(endpoint):
    from django.db import connection

    with CaptureQueriesContext(connection) as queries:
        routes.load_route("fasteners")
    assert len(queries) == 3


def test_multipart_image_files(endpoint):
    from vision.spec.scoring import parse_scoring_request  # what the model server will read

    files = [("image", ("a.png", b"first", "image/png")), ("image", ("b.png", b"second", "image/png"))]
    headers = {"Authorization": f"Bearer {endpoint.primary_key}"}
    answer = run(lambda client: client.post(URL, files=files, headers=headers))
    assert answer.status_code == 200
    assert (answer.json()[0]["images"], answer.json()[0]["path"]) == (2, "/predict")
    explained = run(
        lambda client: client.post(
            URL, files=files[:1], headers=headers, data={"xai_algorithm": "xrai", "n_steps": "20", "xrai_fast": "false"}
        )
    )
    assert explained.json()[0]["path"] == "/explain"
    item = parse_scoring_request(json.dumps(order(explained.json()[0]["first"])).encode())[0]
    assert item.image == b"first"
    assert (item.xai.n_steps, item.xai.xrai_fast, item.xai.visualizations) == (20, False, True)


def test_multipart_without_a_file_or_key(endpoint):
    headers = {"Authorization": f"Bearer {endpoint.primary_key}"}
    data = {"note": (None, "no image")}
    assert run(lambda client: client.post(URL, files=data, headers=headers)).status_code == 422
    files = {"image": ("a.png", b"x", "image/png")}
    assert run(lambda client: client.post(URL, files=files)).status_code == 401


def test_too_large_is_413(endpoint, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert score("x" * 2000, endpoint.primary_key).status_code == 413


def test_other_methods_and_the_plain_view(endpoint):
    assert run(lambda client: client.get(URL)).status_code == 405
    headers = {"Authorization": f"Bearer {endpoint.primary_key}"}
    answer = Client(enforce_csrf_checks=True).post(URL, order("ok"), content_type="application/json", headers=headers)
    assert answer.status_code == 200

import pytest

from endpoints.models import Deployment
from endpoints.supervision.states import refresh_provisioning_state
from tests.endpoints.factories import make_deployment, make_endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def judged(states: list[str], before: str = "Creating", generation: int = 1) -> Deployment:
    urls = tuple(f"http://127.0.0.1:{port}" for port in range(1, len(states) + 1))
    deployment = make_deployment(make_endpoint(), urls=urls, provisioning_state=before, generation=generation)
    for index, state in enumerate(states):
        deployment.instances.filter(index=index).update(
            state=state, error="It broke.", log_tail="\n".join(map(str, range(50)))
        )
    refresh_provisioning_state(Deployment.objects.get(pk=deployment.pk))
    deployment.refresh_from_db()
    return deployment


def test_all_healthy_is_succeeded():
    assert judged(["healthy", "healthy"]).provisioning_state == "Succeeded"


def test_one_still_starting_is_not():
    assert judged(["healthy", "starting"]).provisioning_state == "Creating"


def test_healthy_servers_of_the_generation_before_are_not():
    assert judged(["healthy"], before="Updating", generation=2).provisioning_state == "Updating"


def test_a_crash_later_on_stays_succeeded():
    assert judged(["unhealthy"], before="Succeeded").provisioning_state == "Succeeded"


def test_one_failed_is_failed_with_reason_and_log():
    deployment = judged(["healthy", "failed"])
    assert deployment.provisioning_state == "Failed"
    assert deployment.error["message"] == "Instance 1: It broke."
    assert deployment.error["log"].splitlines()[-1] == "49"


def test_failed_that_recovers_is_succeeded_again():
    deployment = judged(["healthy"], before="Failed")
    assert (deployment.provisioning_state, deployment.error) == ("Succeeded", None)

from django.urls import path

from endpoints.gateway.view import score
from endpoints.views import change, deploying, show, test

app_name = "endpoints"
urlpatterns = [
    path("", show.list_endpoints, name="list"),
    path("new/", deploying.new, name="new"),
    path("<str:name>/score", score, name="score"),
    path("<str:name>/", show.show_endpoint, name="detail"),
    path("<str:name>/answer/", test.answer, name="answer"),
    path("<str:name>/traffic/", change.traffic, name="traffic"),
    path("<str:name>/keys/regenerate/", change.regenerate, name="regenerate"),
    path("<str:name>/delete/", change.delete, name="delete"),
    path("<str:name>/describe/", change.describe, name="describe"),
    path("<str:name>/deployments/", show.list_deployments, name="deployments"),
    path("<str:name>/deployments/<str:deployment>/restart/", change.restart, name="restart"),
    path("<str:name>/deployments/<str:deployment>/delete/", change.delete_deployment, name="delete-deployment"),
    path("<str:name>/deployments/<str:deployment>/log/", show.show_log, name="log"),
    path("<str:name>/<slug:tab>/", show.show_endpoint, name="tab"),
]

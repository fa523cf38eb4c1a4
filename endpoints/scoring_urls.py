"""The gateway under `/api/v1/`, beside the REST API."""

from django.urls import path

from endpoints.gateway.view import score

urlpatterns = [path("endpoints/<str:name>/score", score, name="api-score")]

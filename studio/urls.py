from django.urls import include, path

from studio.api import api
from studio.views import account, compute, health, help_pages, home

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", account.sign_in, name="sign-in"),
    path("sign-out/", account.sign_out, name="sign-out"),
    path("account/", account.account, name="account"),
    path("compute/", compute.compute, name="compute"),
    path("help/", help_pages.index, name="help"),
    path("help/datasets/", help_pages.datasets, name="help-datasets"),
    path("help/parameters/", help_pages.parameters, name="help-parameters"),
    path("api/v1/", include("endpoints.scoring_urls")),
    path("api/v1/", api.urls),
    path("api/docs", help_pages.api_docs, name="api-docs"),
    path("datasets/", include("datasets.urls")),
    path("jobs/", include("jobs.urls")),
    path("models/", include("models_registry.urls")),
    path("weights/", include("jobs.weights_urls")),
    path("endpoints/", include("endpoints.urls")),
]

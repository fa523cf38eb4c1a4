from django.urls import path

from jobs.views import weights

app_name = "weights"
urlpatterns = [
    path("", weights.weights, name="list"),
    path("delete/", weights.delete, name="delete"),
]

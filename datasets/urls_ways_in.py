"""Pages around getting data in; a part of `datasets.urls`. `datastores` is no dataset's name."""

from django.urls import path

from datasets.views import creating, datastores

urlpatterns = [
    path("new/transfers/<uuid:group>/discard/", creating.discard, name="discard"),
    path("datastores/", datastores.listing, name="datastores"),
    path("datastores/<str:name>/test/", datastores.test, name="datastore-test"),
    path("datastores/<str:name>/delete/", datastores.delete, name="datastore-delete"),
]

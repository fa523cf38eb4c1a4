from django.urls import path

from models_registry import views

app_name = "models"
urlpatterns = [
    path("", views.list_models, name="list"),
    path("register/", views.register, name="register"),
    path("<str:name>/versions/<int:number>/", views.show_version, name="version"),
    path("<str:name>/versions/<int:number>/download", views.download, name="download"),
    path("<str:name>/versions/<int:number>/delete", views.delete, name="delete"),
    path("<str:name>/versions/<int:number>/files/<path:path>", views.download_file, name="file"),
    path("<str:name>/versions/<int:number>/<slug:tab>/", views.show_version, name="version-tab"),
]

from django.urls import path

from jobs.views import detail, listing, new, objects, trial

app_name = "jobs"
urlpatterns = [
    path("", listing.list_jobs, name="list"),
    path("new/", new.new_job, name="new"),
    path("new/plan/", new.plan, name="plan"),
    path("new/yaml/", new.yaml, name="yaml"),
    path("<str:name>/", detail.show_job, name="detail"),
    path("<str:name>/cancel/", detail.cancel, name="cancel"),
    path("<str:name>/clone/", detail.clone, name="clone"),
    path("<str:name>/trials/<int:number>/", trial.show_trial, name="trial"),
    path("<str:name>/trials/<int:number>/cancel/", trial.cancel, name="trial-cancel"),
    path("<str:name>/trials/<int:number>/outputs/<path:path>", trial.output, name="trial-output"),
    path("<str:name>/trials/<int:number>/predictions/<int:row>/", objects.show_prediction, name="prediction"),
    path("<str:name>/trials/<int:number>/<slug:tab>/", trial.show_trial, name="trial-tab"),
    path("<str:name>/<slug:tab>/", detail.show_job, name="tab"),
]

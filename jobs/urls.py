from django.urls import path, re_path

from jobs.views import compare, detail, listing, new, preview, trial

app_name = "jobs"
urlpatterns = [
    path("", listing.list_jobs, name="list"),
    path("new/", new.new_job, name="new"),
    path("new/plan/", new.plan, name="plan"),
    path("new/yaml/", new.yaml, name="yaml"),
    path("new/preview/", preview.fragment, name="preview"),
    re_path(
        r"^new/preview/(?P<key>[0-9a-f]{32})/(?P<name>[0-9]+-[a-z0-9]+)\.webp$", preview.picture, name="preview-picture"
    ),
    path("<str:name>/", detail.show_job, name="detail"),
    path("<str:name>/cancel/", detail.cancel, name="cancel"),
    path("<str:name>/clone/", detail.clone, name="clone"),
    path("<str:name>/compare/", compare.compare_trials, name="compare"),
    path("<str:name>/trials/<int:number>/", trial.show_trial, name="trial"),
    path("<str:name>/trials/<int:number>/cancel/", trial.cancel, name="trial-cancel"),
    path("<str:name>/trials/<int:number>/outputs/<path:path>", trial.output, name="trial-output"),
    path("<str:name>/trials/<int:number>/predictions/<int:row>/", trial.show_prediction, name="prediction"),
    path("<str:name>/trials/<int:number>/<slug:tab>/", trial.show_trial, name="trial-tab"),
    path("<str:name>/<slug:tab>/", detail.show_job, name="tab"),
]

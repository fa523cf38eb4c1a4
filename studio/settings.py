"""Settings: every variable a user may set is read here and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ

from studio.home import broker_url, find_home, load_or_create_secret

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

STUDIO_HOME = find_home()
STUDIO_HOST = env.str("STUDIO_HOST", default="127.0.0.1")
STUDIO_PORT = env.int("STUDIO_PORT", default=8000)
STUDIO_ADMIN_TOKEN = env.str("STUDIO_ADMIN_TOKEN", default="") or load_or_create_secret(STUDIO_HOME / "admin-token")
STUDIO_WEIGHTS_DIR = env.str("STUDIO_WEIGHTS_DIR", default="")
IMPORT_LIMITS = {name: value for name, value in os.environ.items() if name.startswith("STUDIO_LIMIT_")}
STUDIO_OFFLINE = env.bool("STUDIO_OFFLINE", default=False)
STUDIO_CPU_SLOTS = env.int("STUDIO_CPU_SLOTS", default=0)  # 0: one when there is no GPU, else none
STUDIO_GPUS = env.str("STUDIO_GPUS", default="all")  # "all", "none", or "0,2"
STUDIO_NODE = env.str("STUDIO_NODE", default="")  # this machine's name; by default its host name
STUDIO_NODE_ADDRESS = env.str("STUDIO_NODE_ADDRESS", default="127.0.0.1")  # where the web reaches its model servers
# What this server may read besides uploads: nothing, unless it is named here (datasets/allowed.py).
STUDIO_IMPORT_FOLDERS = env.str("STUDIO_IMPORT_FOLDERS", default="")  # folders on this machine, as in PATH
STUDIO_IMPORT_URLS = env.str("STUDIO_IMPORT_URLS", default="")  # beginnings of addresses: s3://photos/, https://…/
STUDIO_IMAGE_HOSTS = env.str("STUDIO_IMAGE_HOSTS", default="")  # hosts that image_urls may name: photos.example.com
# How long an upload stays after its import, to be imported again with other settings; 0 frees it at once.
STUDIO_KEEP_UPLOADS_DAYS = env.float("STUDIO_KEEP_UPLOADS_DAYS", default=7)
STUDIO_KEEP_FAILED_UPLOADS_DAYS = env.float("STUDIO_KEEP_FAILED_UPLOADS_DAYS", default=7)
STUDIO_EMBEDDINGS = env.bool("STUDIO_EMBEDDINGS", default=True)  # vectors of images when a worker is idle
STORAGE_URL = env.str("STORAGE_URL", default="") or (STUDIO_HOME / "storage").as_uri()
REDIS_URL = env.str("REDIS_URL", default="") or broker_url(STUDIO_HOME)

SECRET_KEY = env.str("STUDIO_SECRET_KEY", default="") or load_or_create_secret(STUDIO_HOME / "secret-key")
DEBUG = env.bool("STUDIO_DEBUG", default=False)
ALLOWED_HOSTS = env.list("STUDIO_ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = env.list("STUDIO_TRUSTED_ORIGINS", default=[])  # behind a proxy: https://darkroom.example
ROOT_URLCONF = "studio.urls"
ASGI_APPLICATION = "studio.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False  # a page of drawings is hundreds of numbers, and each would ask for its language
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_NAME = f"darkroom_session_{STUDIO_PORT}"  # cookies ignore ports: two Darkrooms on a host stay apart
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"darkroom_csrf_{STUDIO_PORT}"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_rq",
    "datasets",
    "jobs",
    "models_registry",
    "endpoints",
    "studio",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "studio.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "studio.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["studio.templatetags.darkroom", "django.templatetags.static"],
        },
    }
]

_SQLITE: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(STUDIO_HOME / "db.sqlite3")}
DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL") if env.str("DATABASE_URL", default="") else _SQLITE}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)  # the web's threads keep theirs from request to request
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

RQ_QUEUES = {
    "default": {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer"},  # imports, checks
    "cpu": {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer"},  # trials
    "gpu": {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer"},
}

STATIC_URL = "/static/"
STATIC_ROOT = STUDIO_HOME / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = STUDIO_HOME / "uploads"
for _folder in (FILE_UPLOAD_TEMP_DIR, STATIC_ROOT):
    _folder.mkdir(parents=True, exist_ok=True)

# To stderr: whoever starts a process sends that into STUDIO_HOME/logs, so that crashes are kept as well.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("STUDIO_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        "django.server": {"handlers": [], "propagate": True},
        "httpx": {"level": "WARNING"},
        "rq": {"handlers": [], "propagate": True, "level": "WARNING"},
    },
}

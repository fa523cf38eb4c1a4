"""The studio's settings over a temporary STUDIO_HOME of this test process."""

import atexit
import os
import shutil
import tempfile

if "PYTEST_XDIST_WORKER" in os.environ:
    atexit.register(os._exit, 0)  # after all the others: what the libraries made isn't taken apart piece by piece
_home = tempfile.mkdtemp(prefix="darkroom-test-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["STUDIO_HOME"] = _home
for _name in ("STORAGE_URL", "STUDIO_ADMIN_TOKEN", "STUDIO_SECRET_KEY", "STUDIO_HOST", "STUDIO_PORT"):
    os.environ.pop(_name, None)
os.environ["STUDIO_EMBEDDINGS"] = "off"  # each starts a torch process: tests of them turn them on
# Processes that a test starts load the studio's own settings, from the environment.
os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"

from studio.settings import *  # noqa: E402, F403
from studio.settings import DATABASES, STUDIO_HOME  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as in real life: threads and worker processes see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": str(STUDIO_HOME / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # else each client of a test lists all static files first
DATABASES["default"]["CONN_MAX_AGE"] = 0  # the threads of the web keep none beyond a test

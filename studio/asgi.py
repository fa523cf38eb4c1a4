import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
_django: Any = get_asgi_application()

from datasets.transfers.asgi import with_transfers  # noqa: E402  needs the apps loaded
from endpoints.gateway.asgi import with_scoring  # noqa: E402

application = with_scoring(with_transfers(_django))

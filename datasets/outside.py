"""Images that lie outside an upload: in datastores, and at hosts the administrator allows."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from fsspec.core import url_to_fs

from datasets.allowed import Source, check_path, check_url, find_image_source, find_source, list_image_hosts
from datasets.guarded_http import FetchError, fetch
from datasets.models import Datastore
from vision.data.limits import ImportLimits
from vision.data.upload import OUTSIDE, ImageNotFoundError
from vision.errors import InvalidDatasetError, InvalidImageError

_AZUREML = re.compile(r"azureml://(?:subscriptions/.+?/)?datastores/([^/]+)/paths/(.+)", re.IGNORECASE | re.DOTALL)
_V1 = re.compile(r"AmlDatastore://([^/]+)/(.+)", re.IGNORECASE | re.DOTALL)
_IMAGE_SECONDS = 15.0  # an import that shows no sign of life for 20 is taken for dead
_MOST_KEPT = 512  # fetched images on disk: an image is asked for again soon or never


class OutsideImages:
    """`vision.data.upload.Outside` of one import. Fetched images lie in `cache`, an empty folder, for a while."""

    def __init__(self, cache: Path, limits: ImportLimits, datastores: Iterable[Datastore] | None = None) -> None:
        self._cache = cache
        self._limits = limits
        self._stores = list(Datastore.objects.all() if datastores is None else datastores)
        self._by_name = {store.name: store for store in self._stores}
        self._web: dict[str, Source] = {}
        self._folders: dict[str, Path] = {}
        self._kept: deque[Path] = deque()
        self._guard = threading.Lock()

    def find(self, url: str) -> str | None:
        """The image's name, or None where the address is not ours to answer.

        Raises:
            ImageNotFoundError: it is ours, and is not there or not allowed.
        """
        found = self._find_store(url.strip())
        if found is not None:
            store, path = found
            return self._name_in_store(store, path, url)
        source = find_image_source(url.strip())
        if source is None:
            return None
        name = _name_of_web(source.url)
        self._web[name] = source
        return name

    def explain(self, url: str) -> str:
        """Why `find` left an address alone, and what an administrator can do about it."""
        for pattern in (_AZUREML, _V1):
            match = pattern.fullmatch(url.strip())
            if match:
                return f"No datastore is called {unquote(match[1])[:100]!r}: it can be set up on the Datastores page."
        scheme, _, rest = url.strip().partition("://")
        if scheme.lower() in ("http", "https"):
            return _explain_host(rest.partition("/")[0].rpartition("@")[2])
        return "No datastore's address begins like it; one can be set up on the Datastores page." if rest else ""

    def path(self, name: str) -> Path:
        """Where the image lies on disk, fetched if need be. Called from several threads.

        Raises:
            InvalidImageError: it cannot be fetched.
        """
        kind, _, rest = name.removeprefix(OUTSIDE).partition("/")
        try:
            if kind == "datastore":
                store, _, path = rest.partition("/")
                return self._path_in_store(self._by_name[store], path, name)
            return self._fetch_web(name)
        except (FetchError, InvalidDatasetError, ImageNotFoundError) as error:
            raise InvalidImageError(f"It cannot be fetched: {error}", code="unreachable_image") from error

    def _find_store(self, url: str) -> tuple[Datastore, str] | None:
        for pattern in (_AZUREML, _V1):
            match = pattern.fullmatch(url)
            if match:
                store = self._by_name.get(unquote(match[1]))
                return (store, match[2]) if store else None
        fitting = [store for store in self._stores if store.prefix and _is_below(url, store.prefix)]
        store = max(fitting, key=lambda store: len(store.prefix), default=None)
        return (store, url[len(store.prefix) :].lstrip("/")) if store else None

    def _name_in_store(self, store: Datastore, path: str, url: str) -> str:
        candidates = dict.fromkeys((path.partition("?")[0], unquote(path.partition("?")[0])))
        if any(not _is_plain(candidate) for candidate in candidates):
            raise ImageNotFoundError(f"{url} leads out of the datastore {store.name}.")
        folder = self._local_folder(store)
        for candidate in candidates:
            if folder is None or _is_plain_file(folder, candidate):
                return f"{OUTSIDE}datastore/{store.name}/{candidate}"
        raise ImageNotFoundError(f"{url} is not in the datastore {store.name}: {store.location} has no such file.")

    def _local_folder(self, store: Datastore) -> Path | None:
        """The folder of a datastore on this machine; None where it lies elsewhere.

        Raises:
            ImageNotFoundError: the administrator does not allow it (any more).
        """
        if not store.location.startswith("/"):
            return None
        if store.name not in self._folders:
            try:
                self._folders[store.name] = check_path(store.location)
            except InvalidDatasetError as error:
                raise ImageNotFoundError(f"The datastore {store.name} cannot be read. {error}") from error
        return self._folders[store.name]

    def _path_in_store(self, store: Datastore, path: str, name: str) -> Path:
        folder = self._local_folder(store)
        if folder is not None:
            if not _is_plain_file(folder, path):
                raise FetchError(f"{path} is no longer there.")
            return folder / path
        target = self._target(name)
        if not target.exists():
            self._make_room()
            self._fetch_from_store(store.location.rstrip("/"), path, target)
            self._keep(target)
        return target

    def _fetch_from_store(self, location: str, path: str, target: Path) -> None:
        plain = unquote(path)
        if location.startswith(("http://", "https://")):
            self._fetch(check_url(f"{location}/{quote(plain)}"), target, find_source)
            return
        try:
            self._copy(check_url(f"{location}/{plain}"), target)
        except FetchError:
            if plain == path:
                raise
            self._copy(check_url(f"{location}/{path}"), target)  # the name itself holds a percent sign

    def _fetch_web(self, name: str) -> Path:
        target = self._target(name)
        if not target.exists():
            self._make_room()
            self._fetch(self._web[name], target, find_image_source)
            self._keep(target)
        return target

    def _fetch(self, source: Source, target: Path, allow: Any) -> None:
        fetch(source, target, allow, self._limits.max_image_bytes, _IMAGE_SECONDS, lambda received, expected: None)

    def _copy(self, source: Source, target: Path) -> None:
        part = target.with_name(f".{target.name}.{threading.get_ident()}")
        try:
            files, path = url_to_fs(source.url)
            if files.size(path) > self._limits.max_image_bytes:
                raise FetchError(f"It has more than {self._limits.max_image_bytes >> 20} MB.")
            target.parent.mkdir(parents=True, exist_ok=True)
            files.get_file(path, str(part))
            part.replace(target)
        except FetchError:
            raise
        except Exception as error:  # every file system raises its own
            raise FetchError(f"{source.shown}: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def _target(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self._cache / digest[:2] / digest

    def _keep(self, target: Path) -> None:
        with self._guard:
            self._kept.append(target)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popleft().unlink(missing_ok=True)

    def _make_room(self) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._cache).free < self._limits.keep_free_bytes:
            raise FetchError("There is not enough disk space under STUDIO_HOME.")


def _explain_host(host: str) -> str:
    hosts = list_image_hosts()
    allowed = f"only from {', '.join(hosts[:5])}" if hosts else "from nowhere, until an administrator lists hosts"
    return f"Images are not fetched from {host[:100]}, {allowed} (STUDIO_IMAGE_HOSTS): pack them with the labels."


def _name_of_web(url: str) -> str:
    """`@https/<host>/<path>`; a query, which may hold a key, is told apart by its hash and not shown."""
    parts = urlsplit(url)
    told_apart = f"{hashlib.sha256(parts.query.encode()).hexdigest()[:12]}/" if parts.query else ""
    return f"{OUTSIDE}{parts.scheme}/{parts.netloc}/{told_apart}{unquote(parts.path).lstrip('/')}"


def _is_below(url: str, prefix: str) -> bool:
    return url.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


def _is_plain(path: str) -> bool:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(parts) and ".." not in parts and not path.startswith(("/", "\\")) and path.isprintable()


def _is_plain_file(folder: Path, path: str) -> bool:
    """A file below the folder that no link leads to."""
    whole = folder / path
    return whole.resolve() == whole and whole.is_file()

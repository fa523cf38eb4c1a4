"""Copy the front-end files that are served from node_modules to static/vendor, beside a compressed copy of each.

Only these files leave node_modules; whitenoise sends the compressed copy to browsers that take it.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "static" / "vendor"

FILES = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tabler/tabler.esm.min.js": "@tabler/core/dist/js/tabler.esm.min.js",
    "tabler-icons/tabler-sprite.svg": "@tabler/icons-sprite/dist/tabler-sprite.svg",
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/htmx.esm.js": "htmx.org/dist/htmx.esm.js",
    "idiomorph/idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "idiomorph/idiomorph.esm.js": "idiomorph/dist/idiomorph.esm.js",
    "idiomorph/idiomorph-ext.esm.js": "idiomorph/dist/idiomorph-ext.esm.js",
    "echarts/echarts.min.js": "echarts/dist/echarts.min.js",
    "echarts/echarts.esm.min.js": "echarts/dist/echarts.esm.min.js",
    "tus/tus.min.js": "tus-js-client/dist/tus.min.js",
    "axe-core/axe.min.js": "axe-core/axe.min.js",
}


def main() -> None:
    for name, source in FILES.items():
        _copy(ROOT / "node_modules" / source, TARGET / name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    text = _without_source_map(source.read_bytes())
    if target.exists() and target.read_bytes() == text:
        return
    target.write_bytes(text)
    with target.open("rb") as file, gzip.GzipFile(f"{target}.gz", "wb", mtime=0) as packed:
        shutil.copyfileobj(file, packed)


def _without_source_map(text: bytes) -> bytes:
    """The maps are not served: a browser's tools would ask for them and log a 404."""
    lines = text.split(b"\n")
    return b"\n".join(
        line for line in lines if not line.strip().startswith((b"//# sourceMappingURL", b"/*# sourceMappingURL"))
    )


if __name__ == "__main__":
    main()

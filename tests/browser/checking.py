"""What every page must keep: no axe violation, a quiet console, no other host, no sideways scrolling, one h1."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.running import ROOT

AXE = ROOT / "static" / "vendor" / "axe-core" / "axe.min.js"
_RUN_AXE = """() => axe.run({resultTypes: ['violations'], preload: false}).then(found => found.violations
    .filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => [v.id, v.help, `${v.nodes.length}×`, v.nodes[0].html.slice(0, 160), v.nodes[0].failureSummary])
    .map(words => words.join(' ')))"""
_LOOK = """() => ({
    sideways: document.scrollingElement.scrollWidth - innerWidth,
    title: document.title,
    headings: document.querySelectorAll('h1').length,
    broken: [...document.images].filter(i => i.complete && !i.naturalWidth && i.loading !== 'lazy').map(i => i.src),
})"""


def check_page(page: Page, path: str, status: int = 200) -> None:
    """Open the page and raise AssertionError with all that is wrong with it."""
    wrong: list[str] = []
    hosts: set[str] = set()
    listeners = {
        "console": lambda message: wrong.append(f"console: {message.text}") if message.type == "error" else None,
        "request": lambda request: hosts.add(urlsplit(request.url).netloc) if request.url.startswith("http") else None,
        "pageerror": lambda error: wrong.append(f"script: {error}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        answer = page.goto(path, wait_until="load")
        page.wait_for_function("() => document.documentElement.dataset.bsTheme")
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart]')].every(e => e.querySelector('canvas'))"
        )
        assert answer is not None
        if answer.status != status:
            wrong.append(f"answered {answer.status}")
        look = page.evaluate(_LOOK)
        page.evaluate(Path(AXE).read_text())
        wrong += [f"axe {violation}" for violation in page.evaluate(_RUN_AXE)]
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    if len(hosts) > 1:
        wrong.append(f"asked other hosts: {hosts}")
    if look["sideways"] > 1:
        wrong.append(f"scrolls sideways by {look['sideways']} px")
    if look["headings"] != 1 or not look["title"]:
        wrong.append(f"{look['headings']} h1, title {look['title']!r}")
    wrong += [f"broken image {source}" for source in look["broken"]]
    if status >= 400:
        wrong = [finding for finding in wrong if "Failed to load resource" not in finding]
    assert not wrong, f"{path} at {page.viewport_size}: " + "\n".join(wrong)

"""Fetching from a real server: where it may lead, how much it may send, how long it may take."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
import time

import pytest

from datasets.allowed import Source, find_image_source
from datasets.guarded_http import FetchError, fetch, is_public, probe

DATA = os.urandom(300_000)


@pytest.fixture
def get(tmp_path, settings, web):
    """Fetch an address as an image of an import would be; the bytes."""
    settings.STUDIO_IMAGE_HOSTS = f"http://{web.host}!"

    def run(url, most=1 << 20, seconds=5.0):
        source = find_image_source(url)
        assert source is not None
        fetch(source, tmp_path / "found", find_image_source, most, seconds, lambda received, expected: None)
        return (tmp_path / "found").read_bytes()

    return run


def test_what_lies_there(get, web):
    assert get(web.serve("/a.jpg?key=1", DATA)) == DATA
    assert web.asked == ["/a.jpg?key=1"]


def test_progress_is_told(tmp_path, web):
    told = []
    url = web.serve("/a", DATA)
    fetch(Source(url, True), tmp_path / "a", lambda url: None, 1 << 20, 5, lambda *counts: told.append(counts))
    assert told[-1] == (len(DATA), len(DATA))
    assert len(told) > 1


def test_redirects_within_what_is_allowed_are_followed(get, web):
    web.serve("/b", DATA)
    web.redirect("/hop", f"{web.url}/b")
    assert get(web.redirect("/a", "/hop")) == DATA


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::1]/",
        "http://0/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "",
        "//169.254.169.254/",
    ],
)
def test_redirects_elsewhere_are_refused(get, web, target, tmp_path):
    with pytest.raises(FetchError, match="not allowed"):
        get(web.redirect("/a", target))
    assert not list(tmp_path.glob("*found*"))


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "127.0.0.2", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_a_listed_host_may_not_lead_inside_unless_that_is_said(get, web, settings, host):
    """As when a name of the internet is made to resolve to an address of the server's own network."""
    settings.STUDIO_IMAGE_HOSTS += f",http://{host}:{web.port}"
    with pytest.raises(FetchError, match="inside a network"):
        get(web.redirect("/a", f"http://{host}:{web.port}/b"))
    assert web.asked == ["/a"]


def test_every_address_of_a_host_is_judged_and_none_is_looked_up_twice(get, web, settings, monkeypatch):
    settings.STUDIO_IMAGE_HOSTS += ",http://twofold.example"
    asked = []

    def look_up(host, port, *rest, **more):
        asked.append(host)
        addresses = ["93.184.215.14", "10.1.2.3"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(FetchError, match=r"10\.1\.2\.3"):
        get("http://twofold.example/a")
    assert asked == ["twofold.example"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.0.0.1", False),
        ("172.16.3.4", False),
        ("192.168.1.1", False),
        ("127.0.0.53", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


def test_going_round_in_circles_ends(get, web):
    with pytest.raises(FetchError, match="5 times"):
        get(web.redirect("/a", "/a"))
    assert len(web.asked) == 6


def test_too_much_is_refused_announced_or_not(get, web, tmp_path):
    with pytest.raises(FetchError, match="more than"):
        get(web.serve("/a", DATA), most=1000)

    def unmeasured(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(DATA)

    web.answers["/b"] = unmeasured
    with pytest.raises(FetchError, match="more than"):
        get(f"{web.url}/b", most=1000)
    assert get(f"{web.url}/b") == DATA
    assert hashlib.sha256((tmp_path / "found").read_bytes()).digest() == hashlib.sha256(DATA).digest()


@pytest.mark.parametrize("where", ["headers", "body"])
def test_what_drips_is_given_up(get, web, where):
    def drip(handler):
        if where == "body":
            handler.send_response(200)
            handler.end_headers()
        for _ in range(200):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.02)

    web.answers["/a"] = drip
    began = time.monotonic()
    with pytest.raises(FetchError, match="too long"):
        get(f"{web.url}/a", seconds=0.3)
    assert time.monotonic() - began < 2


def test_a_body_that_breaks_off_is_not_taken_for_whole(get, web, tmp_path):
    def broken(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 100)

    web.answers["/a"] = broken
    with pytest.raises(FetchError):
        get(f"{web.url}/a")
    assert not list(tmp_path.glob("*found*"))


@pytest.mark.parametrize("status", [404, 403, 500])
def test_what_is_not_there_is_said(get, web, status):
    with pytest.raises(FetchError, match=str(status)):
        get(web.serve("/a", b"no", status))


def test_nobody_listens(get, settings):
    settings.STUDIO_IMAGE_HOSTS = "http://127.0.0.1:1!"
    with pytest.raises(FetchError, match="cannot be reached"):
        get("http://127.0.0.1:1/a")


def test_a_certificate_nobody_vouches_for(get, web, settings):
    settings.STUDIO_IMAGE_HOSTS = f"{web.host}!"
    with pytest.raises(FetchError):
        get(f"https://{web.host}/a")


def test_probe(web):
    web.serve("/a", b"x")
    assert probe(Source(f"{web.url}/a", True)) == 200
    assert probe(Source(f"{web.url}/none", True)) == 404

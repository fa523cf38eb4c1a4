"""The connection pool against a raw socket server that does what HTTP allows, and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from endpoints.gateway.upstream import UpstreamLostError, UpstreamPool
from tests.running import free_port

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 424 Failed\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n"


def converse(answers: list[bytes], posts: int = 1, *, close_after: int = 10_000):
    """What the pool returns for `posts` requests to a server answering in turn, and how often it connected."""
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        served = 0
        while served < close_after and answers:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(answers.pop(0))
            await writer.drain()
            served += 1
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        target = server.sockets[0].getsockname()
        pool = UpstreamPool()
        results = []
        for _ in range(posts):
            results.append(await pool.post(target, "/predict", b"x" * 200_000))
            await asyncio.sleep(0.05)
        server.close()
        return results

    return asyncio.run(run()), connections


def test_keeps_its_connection():
    results, connections = converse([PLAIN, CHUNKED, PLAIN], posts=3)
    assert [(r.status, r.body) for r in results] == [(200, b"ok"), (424, b"abcde"), (200, b"ok")]
    assert connections == 1


def test_a_connection_closed_meanwhile_is_replaced():
    results, connections = converse([PLAIN] * 4, posts=4, close_after=1)
    assert [r.status for r in results] == [200] * 4
    assert connections == 4


def test_connection_close_is_obeyed():
    answer = PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert converse([answer] * 2, posts=2)[1] == 2


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", PLAIN[:-1], b"nonsense\r\n\r\n"])
def test_a_broken_answer_is_a_lost_upstream(answer):
    with pytest.raises(UpstreamLostError):
        converse([answer])


def test_nobody_there_is_a_lost_upstream():
    with pytest.raises(UpstreamLostError, match="cannot be reached"):
        asyncio.run(UpstreamPool().post(("127.0.0.1", free_port()), "/predict", b""))

"""Timing in the contract: waits need not occupy a thread, and streams are flushed per chunk."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support.origin_client import ANSWER_WITHIN_S, Origin

PARALLEL = 20
DELAY_S = 0.3


def messages_at_once(origin: Origin) -> tuple[list[bytes], float]:
    """Request all messages at the same moment; return the bodies and the duration in seconds."""
    together = threading.Barrier(PARALLEL)

    def ask(index: int) -> bytes:
        together.wait(timeout=10)
        return origin.get(f"/message/{index}?delay={DELAY_S}").body

    with ThreadPoolExecutor(PARALLEL) as pool:
        began = time.monotonic()
        return list(pool.map(ask, range(PARALLEL))), time.monotonic() - began


def test_a_message_comes_no_earlier_than_its_delay(origin: Origin) -> None:
    began = time.monotonic()
    answer = origin.get(f"/message/1?delay={DELAY_S}")
    assert (answer.status, answer.body) == (200, b'{"text":"spam, egg, spam and spam!, 1!"}')
    # A timer may fire a clock tick early.
    assert time.monotonic() - began >= DELAY_S - 0.02


def test_waiting_messages_occupy_no_thread(asgi_origin: Origin) -> None:
    bodies, took_s = messages_at_once(asgi_origin)
    assert bodies == [b'{"text":"spam, egg, spam and spam!, %d!"}' % index for index in range(PARALLEL)]
    # One after another they take 6 s, in a pool of four threads 1.5 s, together little more than 0.3 s.
    assert took_s < PARALLEL * DELAY_S / 2


def test_a_waiting_request_does_not_block_the_next_one(origin: Origin) -> None:
    waiting = origin.connect()
    try:
        # Longer than the client's patience: blocked, the next request would get no answer.
        waiting.request("GET", f"/message/slow?delay={ANSWER_WITHIN_S + 10}")
        quick = origin.get("/query?id=quick")
        assert quick.body == b'{"text":"spam, egg, spam and spam!, quick!"}'
    finally:
        waiting.close()


def test_each_chunk_of_a_stream_is_flushed_before_the_next_is_made(origin: Origin) -> None:
    connection = origin.connect()
    try:
        began = time.monotonic()
        connection.request("GET", "/stream?chunks=2&interval=10")
        response = connection.getresponse()
        assert response.readline() == b"chunk 0\n"
        # A buffered chunk would arrive with the next one.
        assert time.monotonic() - began < 10
    finally:
        connection.close()

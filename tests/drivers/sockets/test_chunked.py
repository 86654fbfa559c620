"""A body in chunks is read as it comes, in whatever pieces, and a byte out of place is noticed."""

from __future__ import annotations

import pytest

from topolab.drivers.sockets.chunked import Chunked, ChunkError

WHOLE = b"4\r\nspam\r\nA;note=egg\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n"


def read(data: bytes, step: int) -> Chunked:
    chunked = Chunked()
    for start in range(0, len(data), step):
        if chunked.feed(data[start : start + step]):
            assert start + step >= len(data)
            return chunked
    pytest.fail("the body did not end")


@pytest.mark.parametrize("step", range(1, len(WHOLE) + 1))
def test_a_body_is_the_same_in_whatever_pieces_it_comes(step: int) -> None:
    chunked = read(WHOLE, step)
    assert (b"".join(chunked.parts), chunked.rest) == (b"spam0123456789", b"")


def test_what_follows_the_body_is_not_part_of_it() -> None:
    chunked = Chunked()
    assert chunked.feed(b"1\r\na\r\n0\r\n\r\nHTTP/1.1")
    assert (chunked.parts, chunked.rest) == ([b"a"], b"HTTP/1.1")


@pytest.mark.parametrize(
    "data", [b"spam\r\n", b"-1\r\n", b"\r\n", b"1\r\nab\r\n", b"0x4\r\nspam\r\n", b"4 4\r\n", b"f" * 20_000]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ChunkError):
        Chunked().feed(data)


def test_a_body_that_goes_on_is_not_over() -> None:
    chunked = Chunked()
    assert not chunked.feed(b"4\r\nspam\r\n")
    assert not chunked.feed(b"0\r\n")
    assert chunked.feed(b"\r\n")

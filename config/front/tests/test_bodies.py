"""Bodies are collected whole, bounded in bytes and time, and leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from config.front.bodies import IN_MEMORY_BYTES, Body, Buffers, Refused

ROOM = 10 * IN_MEMORY_BYTES


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def stalled(first: bytes) -> AsyncIterator[bytes]:
    yield first
    await asyncio.Event().wait()


def collect(chunks: AsyncIterator[bytes], buffers: Buffers, length: int | None = None, limit: int = ROOM) -> Body:
    return asyncio.run(buffers.collect(chunks, length=length, limit=limit))


@pytest.mark.parametrize("chunks", [(b"abc", b"def"), (b"a" * IN_MEMORY_BYTES, b"b", b"c" * IN_MEMORY_BYTES), ()])
def test_the_chunks_are_one_body(chunks: Iterable[bytes]) -> None:
    whole = b"".join(chunks)
    buffers = Buffers(ROOM)
    for length in (None, len(whole)):
        body = collect(sent(*chunks), buffers, length)
        assert (body.size, body.file.read()) == (len(whole), whole)
        body.close()
    # All of the room is there again.
    buffers.take(ROOM)


@pytest.mark.parametrize(
    ("chunks", "length", "status", "code"),
    [
        ([b"abc"], 4, 400, "incomplete_body"),
        ([b"abc"], 20, 413, "too_large"),
        ([b"abcdefg", b"hijklmn"], None, 413, "too_large"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(
    chunks: list[bytes], length: int | None, status: int, code: str
) -> None:
    buffers = Buffers(ROOM)
    with pytest.raises(Refused) as refused:
        collect(sent(*chunks), buffers, length, limit=10)
    assert (refused.value.status, refused.value.code) == (status, code)
    buffers.take(ROOM)


@pytest.mark.parametrize(("end", "whole"), [(b"--x--\r\n", True), (b"--x--", True), (b"--x", False), (b"", False)])
def test_a_form_in_parts_that_breaks_off_is_no_whole_one(end: bytes, whole: bool) -> None:
    for start in (b"--x\r\n\r\na", b"--x\r\n\r\n" + bytes(2 * IN_MEMORY_BYTES)):
        collecting = Buffers(ROOM).collect(sent(start, end), length=None, limit=ROOM, ending=b"--x--")
        if whole:
            asyncio.run(collecting).close()
        else:
            with pytest.raises(Refused, match="shorter than announced"):
                asyncio.run(collecting)


def test_all_bodies_together_have_so_much_room() -> None:
    buffers = Buffers(10)
    first = collect(sent(b"12345678"), buffers)
    with pytest.raises(Refused, match="Too much is being uploaded"):
        collect(sent(b"123"), buffers)
    first.close()
    collect(sent(b"123"), buffers).close()


def test_a_body_that_stalls_is_given_up() -> None:
    buffers = Buffers(ROOM, grace=0.05)
    with pytest.raises(Refused) as refused:
        collect(stalled(b"abc"), buffers, 10)
    assert (refused.value.status, refused.value.code) == (408, "too_slow")
    buffers.take(ROOM)

"""What comes compressed, as plain bytes while it streams."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from troth.flows.stock.feed_rows import FeedCut

_GZIP: Final = 31
_AT_ONCE_BYTES: Final = 1_000_000
"""So much is unpacked at a time, however far a chunk was packed."""


async def gunzip(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes that a gzip stream of one or more members holds; FeedCut where it is damaged or ends too early, after
    all that could be read before.
    """
    unpacking = zlib.decompressobj(_GZIP)
    is_open = False
    async for chunk in chunks:
        data = chunk
        while data:
            if unpacking.eof:
                unpacking = zlib.decompressobj(_GZIP)
            is_open = True
            try:
                plain = unpacking.decompress(data, _AT_ONCE_BYTES)
            except zlib.error as error:
                raise FeedCut(f"the gzip stream is damaged: {error}") from error
            if plain:
                yield plain
            data = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
    if is_open and not unpacking.eof:
        raise FeedCut("the gzip stream ends before its end")

"""JPEG and PNG taken apart and put together again from the parts a picture needs.

Camera data, places, comments, colour profiles and whatever is hung on behind the end of the picture are left out. Formats:
ITU-T T.81 (JPEG), W3C PNG third edition.
"""

import dataclasses
import struct
import zlib
from collections.abc import Iterator

MAX_BYTES = 3_000_000
LARGEST_SIDE, MAX_PIXELS = 8_000, 40_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB"})
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_KEPT = _FRAMES | {0xC4, 0xDB, 0xDD, 0xDA, 0xE0, 0xEE}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


class UnreadablePicture(Exception):
    """No JPEG or PNG, a broken one, or one too large; the text is a word for which."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture and nothing else. Sides in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def clean_picture(content: bytes) -> Picture:
    """The picture in a file, by what it is and not by what it is called. UnreadablePicture for anything else."""
    if len(content) > MAX_BYTES:
        raise UnreadablePicture("too_large")
    try:
        if content.startswith(_PNG):
            return _png(content)
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
    except (struct.error, IndexError, zlib.error) as error:
        raise UnreadablePicture("broken") from error
    raise UnreadablePicture("no_picture")


def _sized(width: int, height: int) -> tuple[int, int]:
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE) or width * height > MAX_PIXELS:
        raise UnreadablePicture("too_many_pixels")
    return width, height


# --- PNG ---------------------------------------------------------------------------------------------------


def _png(content: bytes) -> Picture:
    chunks = list(_chunks(content))
    if chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise UnreadablePicture("broken")
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    _sized(width, height)
    _check_pixels(b"".join(data for kind, data in chunks if kind == b"IDAT"), width, height, depth * _CHANNELS.get(colour, 4))
    parts = [_PNG, *(_chunk(kind, data) for kind, data in chunks if kind in _CHUNKS)]
    return Picture(b"".join(parts), "image/png", width, height)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while True:
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        if zlib.crc32(kind + data) != crc:
            raise UnreadablePicture("broken")
        yield kind, data
        if kind == b"IEND":
            return
        at += 12 + length


def _check_pixels(packed: bytes, width: int, height: int, bits: int) -> None:
    """A picture that unpacks to more than its own size is a trap."""
    most = (width * bits // 8 + 9) * height + 65_536
    unpacker = zlib.decompressobj()
    if len(unpacker.decompress(packed, most)) >= most:
        raise UnreadablePicture("too_many_pixels")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# --- JPEG --------------------------------------------------------------------------------------------------


def _jpeg(content: bytes) -> Picture:
    parts, at, size = [b"\xff\xd8"], 2, (0, 0)
    while True:
        at, marker = _marker(content, at)
        if marker == 0xD9:
            break
        if marker in _BARE:
            continue
        (length,) = struct.unpack(">H", content[at : at + 2])
        if length < 2:
            raise UnreadablePicture("broken")
        end = at + length
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 3 : at + 7])
            size = _sized(width, height)
        if marker == 0xDA:
            end = _scan_end(content, end)
        if marker in _KEPT:
            parts.append(bytes((0xFF, marker)) + content[at:end])
        at = end
    if size == (0, 0):
        raise UnreadablePicture("broken")
    return Picture(b"".join((*parts, b"\xff\xd9")), "image/jpeg", *size)


def _marker(content: bytes, at: int) -> tuple[int, int]:
    if content[at] != 0xFF:
        raise UnreadablePicture("broken")
    while content[at] == 0xFF:
        at += 1
    return at + 1, content[at]


def _scan_end(content: bytes, at: int) -> int:
    """Where the picture's own data end: at the first marker that is no stuffing and no restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise UnreadablePicture("broken")
        following = content[at + 1]
        if following != 0 and following not in _BARE:
            return at
        at += 2

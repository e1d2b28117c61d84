"""The content library: clean texts, pictures that are nothing but pictures."""

import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import ContentItem
from catalog.pictures import UnreadablePicture, clean_picture
from tests.catalog.conftest import LogIn

XSS = "<script>alert(1)</script>"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 2, height: int = 2, *extra: bytes, pixels: bytes | None = None) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(pixels if pixels is not None else (b"\x00" + b"\x7f" * 3 * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(*segments: bytes, tail: bytes = b"") -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 30, 40, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"".join(segments) + frame + scan + b"\xff\xd9" + tail


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def test_a_png_keeps_its_pixels_and_loses_the_rest() -> None:
    found = clean_picture(png(2, 2, chunk(b"tEXt", b"GPS\x0030.1,120.2"), chunk(b"eXIf", b"secret")) + b"<script>")
    assert (found.media_type, found.width, found.height) == ("image/png", 2, 2)
    assert found.content == png(2, 2)


def test_a_jpeg_keeps_its_pixels_and_loses_camera_and_tail() -> None:
    dirty = jpeg(segment(0xE1, b"Exif\x00GPS"), segment(0xFE, b"comment"), segment(0xDB, b"\x00" * 65), tail=b"<?php ?>")
    found = clean_picture(dirty)
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 40, 30)
    assert found.content == jpeg(segment(0xDB, b"\x00" * 65))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no_picture"),
        (b"<svg onload=alert(1)>", "no_picture"),
        (b"GIF89a" + b"\x00" * 40, "no_picture"),
        (png()[:-20], "broken"),
        (png(9_000, 1), "too_many_pixels"),
        (png(2, 2, pixels=b"\x00" * 2_000_000), "too_many_pixels"),
        (b"\xff\xd8\xff\xd9", "broken"),
        (jpeg()[:30], "broken"),
        (b"\xff\xd8\xff" + b"\x00" * 50, "broken"),
        (png() + b"\x00" * 3_000_001, "too_large"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadablePicture) as error:
        clean_picture(content)
    assert str(error.value) == why


def form(**changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "kind": "text",
        "title": "洱海骑行",
        "body": f"沿着生态廊道慢慢骑。{XSS}",
        "tags": "亲子，户外",
        "credit": "自有",
    }
    return {**values, **changes}


@pytest.mark.django_db
def test_a_text_and_a_picture_come_into_the_library(log_in: LogIn) -> None:
    planner = log_in("planner")
    assert planner.post("/content/new", form()).status_code == 302
    text = ContentItem.objects.get()
    assert (text.tags, XSS in text.body, text.body.startswith("沿着生态廊道")) == (["亲子", "户外"], False, True)
    file = SimpleUploadedFile("../../x.php.png", png(), "text/html")
    assert planner.post("/content/new", form(kind="picture", title="洱海", file=file)).status_code == 302
    picture = ContentItem.objects.get(kind="picture")
    answer = planner.get(f"/content/{picture.pk}/picture")
    assert (answer.content, answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (
        png(),
        "image/png",
        "nosniff",
    )
    assert "洱海骑行" in planner.get("/content?tag=亲子").content.decode()
    assert planner.get(f"/content/{text.pk}/picture").status_code == 404
    assert planner.post(f"/content/{text.pk}/edit", form(title="洱海环湖")).status_code == 302
    planner.post(f"/content/{text.pk}/rest")
    text.refresh_from_db()
    assert (text.title, text.is_active) == ("洱海环湖", False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "　"},
        {"kind": "picture"},
        {"kind": "video"},
        {"minutes": "-1"},
        {"destination": "99999"},
        {"title": "x" * 81},
        {"body": "x" * 8001},
    ],
)
def test_what_makes_no_sense_stays_out(log_in: LogIn, changes: dict[str, object]) -> None:
    assert log_in("planner").post("/content/new", form(**changes)).status_code == 422
    assert ContentItem.objects.count() == 0


@pytest.mark.django_db
def test_a_file_that_only_says_it_is_a_picture_stays_out(log_in: LogIn) -> None:
    file = SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", "image/png")
    assert log_in("planner").post("/content/new", form(kind="picture", file=file)).status_code == 422
    assert ContentItem.objects.count() == 0

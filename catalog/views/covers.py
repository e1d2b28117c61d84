"""Covers, drawn on demand and kept by browsers."""

import functools
import hashlib
import json
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from catalog.illustration import SHAPES, Shape, draw_cover
from catalog.models import Product
from core import params

MAX_AGE_SECONDS = 3600
_STYLE = 1  # raise it when the drawing changes, so that no browser keeps the old one


@require_safe
def cover(request: HttpRequest, code: str) -> HttpResponse:
    """A product's cover as SVG; the same for everybody, whether it is on sale or not. `shape` is wide or square."""
    shape = params.one_of("shape", request.GET.get("shape"), list(SHAPES), "wide")
    found = Product.objects.filter(code=code).values_list("illustration", "themes", "name").first()
    if found is None:
        raise Http404
    wanted = json.dumps([*found, code, shape, _STYLE], sort_keys=True, ensure_ascii=False)
    etag = f'"{hashlib.sha256(wanted.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag) or _drawn(wanted)
    response.headers["ETag"] = etag
    patch_cache_control(response, public=True, max_age=MAX_AGE_SECONDS)
    return response


def _drawn(wanted: str) -> HttpResponse:
    response = HttpResponse(_draw(wanted), content_type="image/svg+xml")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@functools.lru_cache(maxsize=256)
def _draw(wanted: str) -> bytes:
    illustration, themes, name, code, shape, _style = cast(list[Any], json.loads(wanted))
    return draw_cover(illustration, key=code, title=name, themes=themes, shape=cast(Shape, shape)).encode()

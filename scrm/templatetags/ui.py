"""Template tags of the design system. docs/ui.md shows each with its markup; /settings/ui shows them live."""

import functools
import zlib
from collections.abc import Sequence
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

register = template.Library()
SPRITE = "vendor/lucide-static-1.62.0/sprite.svg"


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """`{% icon "users" %}`: an icon of the sprite. Give `label` only when the icon stands alone and means something."""
    return _icon(_plain(name), _plain(css), _plain(label))


def _plain(text: Any) -> str:
    """Escaped, as an ordinary string: a key under which the finished mark-up is remembered."""
    return str.__str__(conditional_escape(text))


# A list shows the same few icons and chips hundreds of times; writing them out was a third of its time.
@functools.lru_cache(4096)
def _icon(name: str, css: str, label: str) -> SafeString:
    hidden = f'role="img" aria-label="{label}"' if label else 'aria-hidden="true"'
    return SafeString(f'<svg class="icon {css}" {hidden}><use href="{conditional_escape(static(SPRITE))}#{name}"></use></svg>')


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """`{% avatar user.display_name "lg" %}`: a round mark with the surname; the colour follows the name."""
    return format_html('<span class="avatar a{} {}" aria-hidden="true">{}</span>', colour_of(name), size, surname(name))


def surname(name: str) -> str:
    """What an avatar shows: the first character of a Chinese name, the initial of a Latin one."""
    return (name or "?").strip()[:1].upper() or "?"


def colour_of(name: str) -> int:
    """A stable colour number from 1 to 8."""
    return zlib.crc32((name or "").encode()) % 8 + 1


@register.simple_tag
def person(name: str, note: str = "", size: str = "") -> SafeString:
    """`{% person "陈思雨" "顾问" %}`: avatar, name and a small second line."""
    second = format_html('<small class="truncate">{}</small>', note) if note else ""
    mark = avatar(name, size)
    return format_html('<span class="person">{}<span><span class="truncate">{}</span>{}</span></span>', mark, name, second)


@register.simple_tag
def chip(text: Any, tone: str = "", mark: str = "", title: str = "") -> SafeString:
    """`{% chip "已完成" "good" "square" %}`. tone: good warn bad info accent outline dashed.

    mark: dot square diamond ring half bar, or an icon's name.
    """
    return _chip(_plain(text), _plain(tone), _plain(mark), _plain(title))


@functools.lru_cache(4096)
def _chip(text: str, tone: str, mark: str, title: str) -> SafeString:
    sign = ""
    if mark in {"dot", "square", "diamond", "ring", "half", "bar"}:
        sign = f'<span class="mark {mark}" aria-hidden="true"></span>'
    elif mark:
        sign = _icon(mark, "", "")
    told = f'title="{title}"' if title else ""
    return SafeString(f'<span class="chip {tone}" {told}>{sign}<span>{text}</span></span>')


@register.inclusion_tag("ui/stat.html")
def stat(
    label: str,
    value: Any,
    note: str = "",
    unit: str = "",
    delta: float | None = None,
    good_when: str = "up",
    spark: Sequence[float] | None = None,
    href: str = "",
    hint: str = "",
) -> dict[str, Any]:
    """A stat tile inside `<div class="stats">`. `delta` is a percentage against the comparison named in `note`."""
    direction = "flat" if not delta else "up" if delta > 0 else "down"
    tone = direction if good_when == "up" else {"up": "down", "down": "up"}.get(direction, "flat")
    return locals()


@register.inclusion_tag("ui/empty.html")
def empty(
    title: str, text: str = "", art: str = "mountains", action: str = "", href: str = "", second: str = "", second_href: str = ""
) -> dict[str, Any]:
    """An empty state with a drawing, a sentence that says what to do, and up to two links."""
    return locals()


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, unit: str = "", css: str = "", hint: str = "", placeholder: str = "") -> dict[str, Any]:
    """`{% field form.name %}`: label, control, hint and complaints, tied together by aria-describedby."""
    control = _control(bound, placeholder, bool(hint))
    kind = type(bound.field.widget)
    box = issubclass(kind, CheckboxInput)
    group = issubclass(kind, RadioSelect | CheckboxSelectMultiple)
    return {
        "field": bound,
        "control": control,
        "unit": unit,
        "css": css,
        "box": box,
        "group": group,
        "hint": hint or bound.help_text,
    }


def _control(bound: BoundField, placeholder: str, hinted: bool) -> SafeString:
    attrs: dict[str, Any] = {}
    notes = [f"{bound.auto_id}_hint"] if bound.help_text or hinted else []
    if bound.errors:
        notes.append(f"{bound.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if notes:
        attrs["aria-describedby"] = " ".join(notes)
    if placeholder:
        attrs["placeholder"] = placeholder
    return bound.as_widget(attrs=attrs)


@register.simple_tag(takes_context=True)
def flag_attributes(context: template.Context, **flags: Any) -> SafeString:
    """Boolean attributes: `{% flag_attributes hidden=empty disabled=locked %}` writes only the true ones."""
    return SafeString(" ".join(name.replace("_", "-") for name, on in flags.items() if on))


@register.filter
def tone(message: Any) -> str:
    """The design system's word for a Django message's level: good, info, warn or bad."""
    return {"success": "good", "warning": "warn", "error": "bad"}.get(message.level_tag, "info")

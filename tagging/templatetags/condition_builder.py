"""What the builder's templates need: the inputs of a line, the menu of fields, the word between two lines."""

from django import template
from django.utils.translation import gettext as _

from tagging.forms.draft import DEEPEST, Line
from tagging.forms.widgets import Choice, Widget, field_menu, widgets

register = template.Library()


@register.filter
def inputs(line: Line) -> list[Widget]:
    """The inputs of a question."""
    return widgets(line)


@register.simple_tag
def menu() -> list[tuple[str, list[Choice]]]:
    """Every field, under its group."""
    return field_menu()


@register.filter
def between(group: Line) -> str:
    """The word that stands before the second and later lines of a group."""
    return _("and") if group.kind == "all" else _("or")


@register.filter
def may_nest(depth: int) -> bool:
    """Whether a group at this depth offers groups inside."""
    return depth < DEEPEST

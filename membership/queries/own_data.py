"""A person's points in the copy of their own data."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from customers.queries.own_data import MAX_ROWS, Table, plain
from membership.models import Transfer


def points(ids: Sequence[int], _in_clear: bool) -> Table:
    """Every movement of the person's points, oldest first; what came in is positive."""
    moved = Transfer.objects.filter(Q(debit_id__in=ids) | Q(credit_id__in=ids)).exclude(debit_id__in=ids, credit_id__in=ids)
    rows = [
        {
            _("time"): plain(one.at),
            _("why"): str(one.get_code_display()),
            _("points"): one.amount if one.credit_id in ids else -one.amount,
            _("state"): str(one.get_state_display()),
        }
        for one in moved.order_by("id")[:MAX_ROWS]
    ]
    return Table("points", _("Points"), rows)

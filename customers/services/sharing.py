"""The sharing register (PIPL 23): written by whatever hands personal data to somebody outside."""

from collections.abc import Collection, Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput
from customers.models import Sharing
from staff.models import User

_SUBJECTS = """
INSERT INTO customers_sharingsubject (sharing_id, customer_id)
SELECT %s, id FROM customers_customer WHERE id = ANY(%s) ORDER BY id ON CONFLICT (customer_id, sharing_id) DO NOTHING
"""


def record_sharing(
    *, recipient: str, purpose: str, fields: Sequence[str], customer_ids: Collection[int], shared_by: User | None,
    reference: str = "", is_abroad: bool = False,
) -> Sharing:  # fmt: skip
    """Write down that data left the house, in the transaction in which it does; set-based, however many people.

    `fields` are column names ("name", "passport"); `reference` names the order or trip, never a person.
    """
    wrong = {}
    if not recipient.strip() or len(recipient) > 120:
        wrong["recipient"] = _("Say who gets the data.")
    if not purpose.strip() or len(purpose) > 120:
        wrong["purpose"] = _("Say what for.")
    if not fields:
        wrong["fields"] = _("Say which fields.")
    if wrong:
        raise BadInput(_("Please check the marked fields."), wrong)
    with transaction.atomic():
        entry = Sharing.objects.create(
            recipient=recipient.strip(), purpose=purpose.strip(), fields=list(fields), people=len(set(customer_ids)),
            reference=reference[:60], is_abroad=is_abroad, shared_by=shared_by, at=clock.now(),
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_SUBJECTS, [entry.pk, sorted(set(customer_ids))])
    return entry

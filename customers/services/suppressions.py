"""The global suppression list: never write marketing to these people again, by keyed hash, whatever becomes of them."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.errors import BadInput
from core.secrets import lookup_hash
from customers.choices import IdentityKind
from customers.models import Customer, Suppression
from customers.privacy.phones import to_e164
from staff.models import User
from staff.services import write_audit

_OF_CUSTOMERS = """
INSERT INTO customers_suppression (kind, value_hash, reason)
SELECT kind, value_hash, %s FROM customers_identity WHERE customer_id = ANY(%s) ORDER BY kind, value_hash
ON CONFLICT (kind, value_hash) DO NOTHING
"""
_LIFT = """
DELETE FROM customers_suppression AS entry USING customers_identity AS identity
WHERE identity.customer_id = %s AND identity.kind = entry.kind AND identity.value_hash = entry.value_hash
"""


def suppress(kind: str, scope: str, value: str, *, reason: str) -> bool:
    """Put one value on the list; False when it stands there already. `value` as it is hashed: a phone in E.164."""
    hashed = lookup_hash(f"{kind}:{scope}", value)
    _entry, made = Suppression.objects.get_or_create(kind=kind, value_hash=hashed, defaults={"reason": reason[:60]})
    return made


def suppress_phone(written: str, *, actor: User, reason: str, ip: str | None = None) -> bool:
    """Put a phone number on the list, whether or not it belongs to anyone here."""
    try:
        number = to_e164(written)
    except ValueError as error:
        raise BadInput(_("This is not a phone number."), {"phone": _("for example 13812345678 or +852 5123 4567")}) from error
    with transaction.atomic():
        made = suppress(IdentityKind.PHONE, "", number, reason=reason)
        if made:
            write_audit(actor, "privacy.suppressed", detail={"kind": "phone", "reason": reason[:60]}, ip=ip)
    return made


def suppress_customers(customer_ids: list[int], *, reason: str) -> int:
    """Put every identity of these customers on the list, set-based; the number added."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_CUSTOMERS, [reason[:60], customer_ids])
        return int(cursor.rowcount)


def stop_marketing(customer: Customer, *, actor: User, reason: str, ip: str | None = None) -> int:
    """Staff put a customer on the list, because the customer said so; identities added."""
    with transaction.atomic():
        added = suppress_customers([customer.pk], reason=reason)
        write_audit(actor, "customer.suppressed", customer, {"reason": reason[:60], "identities": added}, ip=ip)
    return added


def lift(customer: Customer, *, actor: User, reason: str, ip: str | None = None) -> int:
    """Take a customer's identities off the list, because the customer asked; written down with the reason."""
    if len(reason.strip()) < 4:
        raise BadInput(_("Say how the customer asked for it."), {"reason": _("4 characters or more")})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LIFT, [customer.pk])
        gone = int(cursor.rowcount)
        write_audit(actor, "customer.suppression_lifted", customer, {"reason": reason.strip()[:60], "identities": gone}, ip=ip)
    return gone

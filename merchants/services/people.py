"""Merchants and who works for them."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import BadInput, Refused
from core.jobs import enqueue
from merchants.choices import MerchantState
from merchants.models import Listing, Merchant, MerchantUser
from merchants.services.sharing import register_receiver
from orders.models import Offer
from orders.services.offers import make_offer
from staff.choices import Role
from staff.models import User
from staff.services import write_audit


@transaction.atomic
def make_merchant(*, code: str, name: str, user: User, **rules: Any) -> Merchant:
    """A new merchant; `rules` are its percents, registered name and account. Refused (code_taken) for a code in use."""
    if Merchant.objects.filter(code=code).exists():
        raise Refused(_("Another merchant has this code."), "code_taken")
    made = Merchant.objects.create(code=code, name=name.strip()[:60], **rules)
    _register(made)
    write_audit(actor=user, action="merchant.made", obj=made, detail={"code": code})
    return made


@transaction.atomic
def edit_merchant(*, merchant: Merchant, user: User, **changes: Any) -> None:
    """Change a merchant's rules: they hold for redemptions from now on. A new account is registered with the platform."""
    before = {name: str(getattr(merchant, name)) for name in changes}
    for name, value in changes.items():
        setattr(merchant, name, value)
    if (
        before.get("account", merchant.account) != merchant.account
        or before.get("legal_name", merchant.legal_name) != merchant.legal_name
    ):
        merchant.account_ready = False
    merchant.save(update_fields=[*changes, "account_ready"])
    Offer.objects.filter(pk__in=merchant.listings.values("offer")).update(is_shared=bool(merchant.account))
    _register(merchant)
    changed = {name: [old, str(getattr(merchant, name))] for name, old in before.items() if old != str(getattr(merchant, name))}
    write_audit(actor=user, action="merchant.edited", obj=merchant, detail=changed)


def _register(merchant: Merchant) -> None:
    if merchant.account and not merchant.legal_name:
        raise BadInput(_("The platform asks for the registered name."), {"legal_name": _("is needed")})
    if merchant.account and not merchant.account_ready:
        enqueue(register_receiver, key=f"{merchant.pk}:{merchant.account}:{merchant.legal_name}"[:100], merchant_id=merchant.pk)


@transaction.atomic
def put_to_work(*, merchant: Merchant, user: User, is_manager: bool, by: User) -> MerchantUser:
    """Let a member of staff with the merchant role work for a merchant; somebody works for one at a time.

    Refused (no_merchant_role): the role comes first, so that nobody of the agency sees less than they should by mistake.
    """
    if user.role != Role.MERCHANT:
        raise Refused(_("Give this account the role “Merchant” first."), "no_merchant_role")
    made, _new = MerchantUser.objects.update_or_create(user=user, defaults={"merchant": merchant, "is_manager": is_manager})
    write_audit(actor=by, action="merchant.person_added", obj=merchant, detail={"user": user.pk, "manager": is_manager})
    return made


@transaction.atomic
def end_work(*, person: MerchantUser, by: User) -> None:
    """Somebody does not work for a merchant any more. Refused (last_manager, oneself)."""
    if person.user_id == by.pk:
        raise Refused(_("Let somebody else do this."), "oneself")
    others = MerchantUser.objects.filter(merchant=person.merchant, is_manager=True).exclude(pk=person.pk)
    if person.is_manager and not others.exists():
        raise Refused(_("A merchant keeps one manager at least."), "last_manager")
    write_audit(actor=by, action="merchant.person_removed", obj=person.merchant, detail={"user": person.user_id})
    person.delete()


@transaction.atomic
def list_offer(*, merchant: Merchant, name: str, kind: str, text: str, price: Decimal, most_per_order: int = 10) -> Offer:
    """A new offer of a merchant's, a draft; its payments are shared where the merchant has an account."""
    if merchant.state != MerchantState.ACTIVE:
        raise Refused(_("This merchant is paused."), "paused")
    offer = make_offer(
        name=name, kind=kind, text=text, price=price, most_per_order=most_per_order,
        is_shared=bool(merchant.account),
    )  # fmt: skip
    Listing.objects.create(merchant=merchant, offer=offer)
    return offer

"""A member of staff starts a trip from a sentence, from fields, or from nothing."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from customers.models import Customer
from itinerary.models import Itinerary
from itinerary.services.editing import create_itinerary
from itinerary.services.requests import fill_itinerary
from messaging.understanding.trips import Turn, understand
from staff.models import User

USUAL_DAYS, USUAL_ADULTS, USUAL_LEAD = 3, 2, 30


@transaction.atomic
def start_from_brief(
    *,
    customer: Customer | None,
    user: User,
    brief: str = "",
    city: str = "",
    starts_on: dt.date | None = None,
    days: int | None = None,
    adults: int | None = None,
    child_ages: Sequence[int] = (),
) -> Itinerary:
    """An itinerary filled for the city that the sentence or the field names; an empty one where neither does.

    Fields that are filled overrule the sentence. Refused (no_resources) where the catalogue has nothing in that city.
    """
    said = understand([Turn("customer", brief)], clock.today()).values() if brief.strip() else {}
    places = [city] if city else [str(place) for place in said.get("destinations", [])]
    city = next(iter(places), "")
    length = days or int(said.get("days") or USUAL_DAYS)
    when = starts_on or (dt.date.fromisoformat(said["start_date"]) if said.get("start_date") else None)
    ages = list(child_ages) or [age if age >= 0 else 8 for age in said.get("children_ages", [])]
    if brief.strip() and not city:
        raise Refused(_("The sentence names no destination; please add the city."), "missing_slots")
    named = "·".join(places[:3])
    title = _("%(city)s, %(days)s days") % {"city": named, "days": length} if city else _("New trip")
    itinerary = create_itinerary(
        title=title,
        starts_on=when or clock.today() + dt.timedelta(days=USUAL_LEAD),
        days=length,
        adults=adults or int(said.get("adults") or USUAL_ADULTS),
        child_ages=ages,
        customer=customer,
        user=user,
    )
    if city:
        fill_itinerary(itinerary, destinations=places, values=said, user=user)
    return itinerary

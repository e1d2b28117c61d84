"""What the editor's island says: it has no catalogue of its own. And edits, reasons and wishes in words."""

from typing import Any

from django.utils.translation import gettext as _

from catalog.choices import ChargeUnit
from itinerary.choices import BlockKind
from itinerary.models import Operation
from itinerary.planner.catalogue import CATALOGUE, Code

REPAIRABLE = (
    Code.HOURS, Code.CHRONOLOGY, Code.TRANSFER, Code.STATION_BUFFER, Code.MEAL_WINDOW, Code.VISIT_SHORT, Code.DAY_LENGTH,
    Code.IDLE, Code.NO_HOTEL, Code.NO_RATE, Code.STOCK, Code.BEDS,
)  # fmt: skip


def done_words() -> dict[str, str]:
    """Each kind of edit in words."""
    return {
        "add": _("added"), "remove": _("removed"), "move": _("moved"), "change": _("changed"), "add_day": _("added a day"),
        "remove_day": _("removed a day"), "move_day": _("moved a day"), "change_day": _("changed a day"),
        "change_trip": _("changed the trip"),
    }  # fmt: skip


def words() -> dict[str, Any]:
    """The island's sentences: it has no catalogue of its own."""
    return {
        "day": _("Day %(n)s"),
        "addDay": _("Add a day"),
        "removeDay": _("Remove the day"),
        "empty": _("Drop something here, or press N."),
        "picked": _("%(name)s picked up. Arrows move it, Space drops it, Escape puts it back."),
        "dropped": _("%(name)s is on day %(day)s, place %(at)s."),
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "offline": _("Not saved: no answer. Your edit is kept and sent again."),
        "merged": _("Others edited too; both are kept."),
        "conflict": _("Somebody else changed the same thing meanwhile. You see their version; your last edit was not applied."),
        "walk": _("%(minutes)s min on foot"),
        "drive": _("%(minutes)s min by car, %(km)s km"),
        "noIssues": _("Nothing in the way of selling this."),
        "noPrice": _("no price"),
        "lock": _("Lock the time"),
        "unlock": _("Unlock the time"),
        "remove": _("Remove"),
        "duplicate": _("Duplicate"),
        "perPerson": _("a person"),
        "cost": _("Cost"),
        "price": _("Price"),
        "margin": _("Margin"),
        "rounding": _("Rounding"),
        "total": _("Total"),
        "group": _("Group size"),
        "adult": _("Adult"),
        "single": _("Single supplement"),
        "nothingFound": _("Nothing found"),
        "noPlaces": _("No coordinates to draw yet."),
        "kinds": {kind.value: str(kind.label) for kind in BlockKind},
        "units": {unit.value: str(unit.label) for unit in ChargeUnit},
        "undone": _("Undone"),
        "redone": _("Done again"),
        "nothingToUndo": _("Nothing to undo"),
        "retimed": _("The day was timed anew"),
        "optional": _("optional"),
        "note": _("Note for the customer"),
        "internal": _("Internal note"),
        "begins": _("Begins"),
        "ends": _("Ends"),
        "name": _("Name"),
        "amount": _("Price by hand"),
        "reason": _("Reason"),
        "dayUp": _("Move the day up"),
        "dayCopy": _("Duplicate the day"),
        "dayAgain": _("Another draft for this day"),
        "repair": _("Repair"),
        "repaired": _("Repaired"),
        "repairable": [one.value for one in REPAIRABLE],
        "choice": _("choice %(n)s of %(all)s"),
        "noChoice": _("no alternative"),
        "insteadOf": _("An alternative to"),
        "inPrice": _("In the price"),
        "included": _("in the price"),
        "notMet": _("Cannot be met"),
        "nothingBetter": _("Nothing would be better."),
        "accept": _("Apply what is ticked"),
        "accepted": _("%(n)s of %(all)s applied"),
        "someGone": _("Some of what you changed is gone meanwhile."),
        "operations": done_words(),
        "save": _("Save"),
        "cancel": _("Cancel"),
    }


def explained(reason: dict[str, Any]) -> str:
    """Why a block is in the plan, in words."""
    code = str(reason.get("code", ""))
    texts = {
        "wish": _("you asked for it"),
        "locked": _("it is locked"),
        "sight": _("well worth it and on the way"),
        "meal": _("near at mealtime"),
        "hotel": _("lies in the middle of what is seen"),
        "leg": _("leaves and arrives at the best times"),
    }
    parts = [texts.get(code, "")]
    if reason.get("km_from_hotel") is not None:
        parts.append(_("%(km)s km from the hotel") % {"km": reason["km_from_hotel"]})
    if reason.get("rating"):
        parts.append(_("rated %(rating)s") % {"rating": reason["rating"]})
    return "，".join(part for part in parts if part)


def wish_words(found: dict[str, Any]) -> str:
    """One wish that cannot be met, or could be given up."""
    value = str(found.get("value", ""))
    texts = {
        "must": _("“%(value)s” must be in it"),
        "budget": _("a budget of %(value)s yuan"),
        "star": _("hotels of %(value)s stars"),
        "transport": _("travelling by %(value)s"),
    }
    if found.get("wish") in texts:
        return texts[str(found["wish"])] % {"value": value}
    constraint = CATALOGUE.get(str(found.get("code", "")))
    text = _(constraint.text) if constraint else ""
    return f"{text} {found.get('place', '')}".strip()


def log_line(one: Operation) -> dict[str, Any]:
    """One edit of the log."""
    payload, inverse = one.payload, one.inverse
    name = str((payload.get("block") or inverse.get("block") or {}).get("name") or (payload.get("set") or {}).get("name") or "")
    via = {"undo": _("undone"), "redo": _("done again"), "planner": _("suggested")}.get(str(payload.get("via", "")), "")
    who = one.actor.display_name if one.actor else _("The planner")
    return {
        "revision": one.revision, "who": who, "what": done_words().get(str(payload.get("do")), ""), "name": name, "via": via,
        "key": str(payload.get("key") or ""), "at": one.created_at.isoformat(timespec="seconds"),
    }  # fmt: skip

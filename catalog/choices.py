from django.db import models
from django.utils.translation import gettext_lazy as _

from core.choices import FileFault
from core.choices import TableFormat as FeedFormat

__all__ = [
    "ChargeUnit",
    "ContentKind",
    "FeedField",
    "FeedFormat",
    "FeedRunState",
    "FileFault",
    "IssueReason",
    "IssueSeverity",
    "LiveBookingState",
    "MatchState",
    "ResourceKind",
    "SaleState",
    "SpuChangeKind",
]


class ResourceKind(models.TextChoices):
    ATTRACTION = "attraction", _("Attraction")
    HOTEL = "hotel", _("Hotel")
    RESTAURANT = "restaurant", _("Restaurant")
    TRANSPORT = "transport", _("Transport")


class ChargeUnit(models.TextChoices):
    """What a rate is for one of. PAX_BAND: a person, at a price that falls with the number of people."""

    PERSON = "person", _("Per person")
    ROOM_NIGHT = "room_night", _("Per room and night")
    VEHICLE_DAY = "vehicle_day", _("Per vehicle and day")
    GROUP = "group", _("Per group")
    GUIDE_DAY = "guide_day", _("Per guide and day")
    PERSON_DAY = "person_day", _("Per person and day")
    BOOKING = "booking", _("Per booking")
    PAX_BAND = "pax_band", _("Per person, by group size")


class PriceBasis(models.TextChoices):
    NET = "net", _("Net")
    GROSS = "gross", _("Gross, less our commission")


class SupplementKind(models.TextChoices):
    SINGLE_USE = "single_use", _("Room for single use")
    EXTRA_BED = "extra_bed", _("Extra bed")
    CHILD_NO_BED = "child_no_bed", _("Child without a bed")
    CHILD = "child", _("Child")


class StockState(models.TextChoices):
    """The states of OCTO (open connectivity for tours), and ON_REQUEST: the supplier must be asked."""

    AVAILABLE = "available", _("Allotment")
    FREESALE = "freesale", _("Free sale")
    SOLD_OUT = "sold_out", _("Sold out")
    CLOSED = "closed", _("Stop sale")
    ON_REQUEST = "on_request", _("On request")


class FeedRunState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    RUNNING = "running", _("Reading")
    QUARANTINED = "quarantined", _("Waiting for approval")
    APPLIED = "applied", _("Applied")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")


class MatchState(models.TextChoices):
    """AUTO: joined by itself. REVIEW: a person decides."""

    AUTO = "auto", _("Matched by itself")
    REVIEW = "review", _("To be looked at")
    ACCEPTED = "accepted", _("The same")
    REJECTED = "rejected", _("Not the same")


class SpuChangeKind(models.TextChoices):
    AUTO = "auto", _("Matched by itself")
    MERGE = "merge", _("Put together")
    SPLIT = "split", _("Taken apart")


class LiveBookingState(models.TextChoices):
    """OCTO's states; WANTED before the call, UNKNOWN when its answer was lost."""

    WANTED = "wanted", _("To be asked")
    HELD = "held", _("On hold")
    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Hold expired")
    REFUSED = "refused", _("Refused by the supplier")
    UNKNOWN = "unknown", _("Answer lost")


class ContentKind(models.TextChoices):
    TEXT = "text", _("Text")
    PICTURE = "picture", _("Picture")
    EXPERIENCE = "experience", _("Experience")


class IssueSeverity(models.TextChoices):
    REFUSED = "refused", _("Refused")
    FLAGGED = "flagged", _("Taken, please check")


class SaleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")
    CUSTOM = "custom", _("Custom trip")


class FeedField(models.TextChoices):
    """What a column of a supplier's file can mean."""

    NAME = "name", _("Name")
    EXTERNAL_ID = "external_id", _("Supplier's number")
    KIND = "kind", _("Kind")
    CITY = "city", _("City")
    ADDRESS = "address", _("Address")
    PHONE = "phone", _("Phone")
    PRICE = "price", _("Net price")
    CURRENCY = "currency", _("Currency")
    RATING = "rating", _("Rating")
    DURATION = "duration", _("Length of visit")
    HOURS = "hours", _("Opening hours")
    LATITUDE = "latitude", _("Latitude")
    LONGITUDE = "longitude", _("Longitude")
    STOCK = "stock", _("Stock")
    ORIGIN = "origin", _("Leaves from")
    TARGET = "target", _("Arrives at")
    DEPARTS = "departs", _("Departure time")
    ARRIVES = "arrives", _("Arrival time")
    VALID_UNTIL = "valid_until", _("Price valid until")
    EXTRA = "extra", _("Keep as additional information")
    SKIP = "skip", _("Leave out")


class IssueReason(models.TextChoices):
    """What can be wrong with a row of a supplier's file."""

    MISSING_NAME = "missing_name", _("No name")
    NAME_TOO_LONG = "name_too_long", _("Name too long")
    DUPLICATE_ROW = "duplicate_row", _("Repeats an earlier row")
    ROW_SHAPE = "row_shape", _("More cells than columns")
    UNREADABLE_TEXT = "unreadable_text", _("Characters that cannot be stored")
    WRONG_KIND = "wrong_kind", _("Another kind of resource")
    PRICE_MISSING = "price_missing", _("No price")
    PRICE_ZERO = "price_zero", _("Price is zero")
    PRICE_NEGATIVE = "price_negative", _("Price is negative")
    PRICE_TOO_LARGE = "price_too_large", _("Price too large to be true")
    PRICE_UNREADABLE = "price_unreadable", _("Price cannot be read")
    PRICE_JUMP = "price_jump", _("Price jumped fivefold")
    CURRENCY_UNKNOWN = "currency_unknown", _("Price not in yuan")
    DURATION_IMPOSSIBLE = "duration_impossible", _("Length of visit is impossible")
    DURATION_UNREADABLE = "duration_unreadable", _("Length of visit cannot be read")
    HOURS_UNREADABLE = "hours_unreadable", _("Opening hours cannot be read")
    CITY_UNKNOWN = "city_unknown", _("City unknown")
    PHONE_BAD = "phone_bad", _("Not a phone number")
    RATING_BAD = "rating_bad", _("Rating is not from 0 to 5")
    PLACE_BAD = "place_bad", _("Coordinates are not in China or abroad")
    STOCK_BAD = "stock_bad", _("Stock is not a number from 0")
    DATE_UNREADABLE = "date_unreadable", _("Date cannot be read")
    DATE_PAST = "date_past", _("Price is no longer valid")
    TEXT_CUT = "text_cut", _("Text too long, cut")
    MARKUP_REMOVED = "markup_removed", _("Web page code removed")
    INSTRUCTION = "instruction", _("Text that gives orders to a machine removed")
    TIMES_UNREADABLE = "times_unreadable", _("Departure or arrival cannot be read")
    DAY_HIDDEN = "day_hidden", _("Arrives on another day and does not say so")
    PLACE_MISSING = "place_missing", _("Without a station of departure or arrival")
    PLACE_UNKNOWN = "place_unknown", _("Station not in the list of places")
    TWIN_ROW = "twin_row", _("Looks like an earlier row under another number")

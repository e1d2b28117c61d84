"""What we sell and what it is made of: destinations, suppliers' resources, products with a price calendar."""

from catalog.models.content import ContentItem
from catalog.models.live import LiveBooking, LiveOffer
from catalog.models.products import Departure, Destination, Product
from catalog.models.rates import CancellationTier, DayInventory, ExchangeRate, RatePlan, RateRow, Sku, Supplement
from catalog.models.resources import MatchPair, Resource, Spu, SpuChange
from catalog.models.suppliers import FeedIssue, FeedRun, Supplier

__all__ = [
    "CancellationTier",
    "ContentItem",
    "DayInventory",
    "Departure",
    "Destination",
    "ExchangeRate",
    "FeedIssue",
    "FeedRun",
    "LiveBooking",
    "LiveOffer",
    "MatchPair",
    "Product",
    "RatePlan",
    "RateRow",
    "Resource",
    "Sku",
    "Spu",
    "SpuChange",
    "Supplement",
    "Supplier",
]

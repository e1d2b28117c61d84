"""What a customer asked for, the plan, its quotes, the trip."""

from itinerary.models.plans import Block, Day, Itinerary, ItineraryVersion, Operation, TransferLeg, TripRequest, ValidationIssue
from itinerary.models.quotes import Acceptance, PriceRule, ProposalComment, ProposalView, Quote, QuoteVersion
from itinerary.models.trips import Reminder, SupplierBooking, Trip

__all__ = [
    "Acceptance",
    "Block",
    "Day",
    "Itinerary",
    "ItineraryVersion",
    "Operation",
    "PriceRule",
    "ProposalComment",
    "ProposalView",
    "Quote",
    "QuoteVersion",
    "Reminder",
    "SupplierBooking",
    "TransferLeg",
    "Trip",
    "TripRequest",
    "ValidationIssue",
]

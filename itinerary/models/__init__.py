"""What a customer asked for, the plan, its quotes, the trip."""

from itinerary.models.plans import Block, Day, Itinerary, ItineraryVersion, Operation, TransferLeg, TripRequest, ValidationIssue
from itinerary.models.quotes import Acceptance, PriceRule, ProposalComment, ProposalView, Quote, QuoteVersion
from itinerary.models.trips import ChangeRequest, Passenger, Reminder, SupplierBooking, Trip, TripDocument

__all__ = [
    "Acceptance",
    "Block",
    "ChangeRequest",
    "Day",
    "Itinerary",
    "ItineraryVersion",
    "Operation",
    "Passenger",
    "PriceRule",
    "ProposalComment",
    "ProposalView",
    "Quote",
    "QuoteVersion",
    "Reminder",
    "SupplierBooking",
    "TransferLeg",
    "Trip",
    "TripDocument",
    "TripRequest",
    "ValidationIssue",
]

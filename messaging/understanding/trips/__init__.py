"""The trip a customer asks for in a chat: typed slots with provenance, folded message by message.

Later words overwrite earlier ones, a wish taken back is dropped, what the agent proposes counts once the customer agrees.
Conventions: weeks start on Monday, a feast is its day, upper ends of ranges, elders are counted within adults, a child of
unknown age is -1.
"""

from messaging.understanding.trips.state import Slot, TripRequest, Turn
from messaging.understanding.trips.understand import understand

__all__ = ["Slot", "TripRequest", "Turn", "understand"]

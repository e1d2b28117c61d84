"""Pure decisions about customers: is an event acceptable, how is a phone written, are two records one person."""

from customers.rules.events import MAX_BATCH, REFUSALS, EventIn, Item, read_batch, split_events
from customers.rules.phones import mask_phone

__all__ = ["MAX_BATCH", "REFUSALS", "EventIn", "Item", "mask_phone", "read_batch", "split_events"]

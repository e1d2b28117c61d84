"""Broadcasts, and what staff are asked to do."""

from campaigns.models.campaign import Attribution, Campaign, Recipient, TouchCredit, Variant, new_salt
from campaigns.models.follow_up import FollowUp

__all__ = ["Attribution", "Campaign", "FollowUp", "Recipient", "TouchCredit", "Variant", "new_salt"]

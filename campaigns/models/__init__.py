"""Broadcasts, and what staff are asked to do."""

from campaigns.models.campaign import Attribution, Campaign, Recipient, new_salt
from campaigns.models.follow_up import FollowUp

__all__ = ["Attribution", "Campaign", "FollowUp", "Recipient", "new_salt"]

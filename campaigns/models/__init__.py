"""Broadcasts, journeys, Moments, groups, acquisition, and what staff are asked to do."""

from campaigns.models.acquisition import ChannelCost, CopyDraft, LinkDay, ShortLink
from campaigns.models.campaign import Attribution, Campaign, Recipient, TouchCredit, Variant, new_salt
from campaigns.models.follow_up import FollowUp
from campaigns.models.group import GroupSeries, GroupTask
from campaigns.models.handover import HandOver, HandOverItem
from campaigns.models.journey import Journey, JourneyRun, JourneyStep, JourneyVersion, Occasion, journey_salt
from campaigns.models.moment import Moment, MomentReaction, MomentStaff

__all__ = [
    "Attribution", "Campaign", "ChannelCost", "CopyDraft", "FollowUp", "GroupSeries", "GroupTask", "HandOver", "HandOverItem",
    "Journey", "JourneyRun", "JourneyStep", "JourneyVersion", "LinkDay", "Moment", "MomentReaction", "MomentStaff", "Occasion",
    "Recipient", "ShortLink", "TouchCredit", "Variant", "journey_salt", "new_salt",
]  # fmt: skip

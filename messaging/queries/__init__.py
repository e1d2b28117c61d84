"""Reads of messaging: the Touch Governor, and the channels of one customer."""

from messaging.queries.channels import ANSWERS, ChannelState, channels_for, notices_left, single_plan, touch_figures
from messaging.queries.governor import SENDER, Query, Reach, TouchPlan, Verdict, decisions, explain, preview, quiet_end

__all__ = [
    "ANSWERS", "SENDER", "ChannelState", "Query", "Reach", "TouchPlan", "Verdict", "channels_for", "decisions", "explain",
    "notices_left", "preview", "quiet_end", "single_plan", "touch_figures",
]  # fmt: skip

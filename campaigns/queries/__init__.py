"""Reads of campaigns: audiences, the funnel, lists, follow-up tasks."""

from campaigns.queries.lists import campaign_names, palette

__all__ = ["campaign_names", "palette"]

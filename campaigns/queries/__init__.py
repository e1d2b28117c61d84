"""Reads of campaigns: audiences, the funnel, lists, follow-up tasks."""

from campaigns.queries.follow_ups import task_figures
from campaigns.queries.lists import campaign_names, palette

__all__ = ["campaign_names", "palette", "task_figures"]

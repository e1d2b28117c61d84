"""Reads of campaigns: audiences, the funnel, lists, follow-up tasks."""

from campaigns.queries.lists import palette

__all__ = ["palette"]

"""Reads of campaigns: audiences, the funnel, lists, follow-up tasks."""

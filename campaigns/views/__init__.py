"""Staff pages of campaigns and follow-up tasks."""

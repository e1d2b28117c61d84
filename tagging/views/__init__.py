"""Staff pages of tags and segments."""

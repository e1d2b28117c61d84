"""Staff pages about customers."""

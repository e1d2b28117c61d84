"""Staff pages of membership."""

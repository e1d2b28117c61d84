"""Staff pages of the catalogue, and the covers everybody sees."""

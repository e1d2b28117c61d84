"""Numbers over everything; nobody imports it."""

"""What service_bot reads."""

"""The verbs of service_bot."""

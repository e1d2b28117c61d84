"""Wiring only: settings, urls, subscriptions, schedule, celery."""

"""Reads of journeys."""

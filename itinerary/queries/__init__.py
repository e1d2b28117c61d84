"""Reads of itineraries, quotes and trips."""

"""Journeys: written, published, entered, gone through."""

"""Journeys as pure rules: what a flow is, when a wait ends, which way a person takes."""

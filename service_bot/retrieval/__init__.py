"""Candidates for a question, and how probable each is to be right."""

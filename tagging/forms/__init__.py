"""Untrusted input of the tag and segment pages to clean values."""

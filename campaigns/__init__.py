"""Reaching the right person, and proof that it worked."""

"""Reads of membership that join several tables."""

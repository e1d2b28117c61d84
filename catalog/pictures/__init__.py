"""Strangers' pictures made harmless: what the file really is, how large, and nothing in it but the picture. Pure."""

from catalog.pictures.cleaning import Picture, UnreadablePicture, clean_picture

__all__ = ["Picture", "UnreadablePicture", "clean_picture"]

"""Merchants who sell through the agency: their offers, redemptions, settlement."""

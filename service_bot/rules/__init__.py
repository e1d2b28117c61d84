"""Decisions of the bot, without database, clock or network."""

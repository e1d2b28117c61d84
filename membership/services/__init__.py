"""The verbs of membership, by noun."""

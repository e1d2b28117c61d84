"""Pure decisions of membership, by topic."""

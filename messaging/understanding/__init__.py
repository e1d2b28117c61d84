"""What a chat message says: acts, slots, trip requests; pure, no database, no network."""

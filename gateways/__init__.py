"""Outside systems behind Protocols: live and simulated."""

"""Staff pages: session (log-in), account (me), people, organisation, audit."""

"""Every word we send a customer, and the one governor that decides."""

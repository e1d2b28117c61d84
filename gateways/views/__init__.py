"""The `/sim/` page: staff phone, customer phone, platform console. Every view talks to the control plane over HTTP."""

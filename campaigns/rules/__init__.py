"""Pure decisions of campaigns: what a text may say, when a second person must agree, what the results mean."""

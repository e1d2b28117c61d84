"""Papers set by typst: proposals as PDF and as one long picture, name lists. The font is ours, so they look alike everywhere."""

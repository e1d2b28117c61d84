"""Pure parts of keeping people's rights: how numbers are written, the first texts, when an answer is due."""

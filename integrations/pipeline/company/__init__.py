"""The life of a company and of its two connections."""

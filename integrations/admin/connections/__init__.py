"""The two connections of a company."""

"""The fake Kamino: persons, payables, receivables and master data behind five headers."""

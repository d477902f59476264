"""A company: its page, checklist, coverage, closing and rules."""

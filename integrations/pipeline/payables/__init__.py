"""Payables that people enter: checked, compared with what is there, accepted, and decided about afterwards."""

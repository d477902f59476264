"""Payables that people enter for Bling: the form, the list, one payable, and batches that wait for a second person."""

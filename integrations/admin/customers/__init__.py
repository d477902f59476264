"""Customers of other systems: where each stands, both sides of it, and what a person decides."""

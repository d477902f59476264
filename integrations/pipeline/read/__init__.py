"""Bling to mirror: what to read, reading it, storing it."""

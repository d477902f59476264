"""Compose a tick from the stages."""

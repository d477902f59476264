"""Bling's API v2 as programs still speak it to us: requests read, and answers written. Knows no Django."""

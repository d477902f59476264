"""Public pages: connecting Bling, and health for monitors."""

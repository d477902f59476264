"""Compare both sides, and keep the differences."""

"""What stages leave for one another."""

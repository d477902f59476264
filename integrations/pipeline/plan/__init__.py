"""What Kamino should hold."""

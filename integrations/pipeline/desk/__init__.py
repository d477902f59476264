"""What people command about titles."""

"""Month closing, open position, and files made in the background."""

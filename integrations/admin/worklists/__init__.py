"""What waits for people, and what they did about it."""

"""What people read: figures, summaries, alerts."""

"""The audit record: who acts, what is recorded, how it is sealed, and how it is verified."""

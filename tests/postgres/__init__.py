"""Django's PostgreSQL, emptied between tests in a twentieth of the time."""

"""Django's PostgreSQL, made from a template once per migration and emptied between tests in a twentieth of the time."""

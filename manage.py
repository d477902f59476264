#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL first on a local machine without `DATABASE_URL`."""

import os
import sys

from project.local import ensure_database_url


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    ensure_database_url()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

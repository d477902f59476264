"""What shows that a database was restored from a backup, or is another one."""

from enum import StrEnum


class RestoreSignal(StrEnum):
    SERVER = "server"
    TIMELINE = "timeline"
    DATABASE = "database"
    JOURNAL = "journal"
    FOREIGN = "foreign"
    ASKED = "asked"

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.models.fields import SecretUnreadableError
from integrations.models.secrets import rotate, stored_key_ids


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret again with the first key of FIELD_ENCRYPTION_KEYS. Put the new key first, keep "
        "the old ones behind it, restart all processes, run this, then remove the old keys."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = rotate()
        except SecretUnreadableError as error:
            raise CommandError(f"nothing more was changed: {error}") from error
        self.stdout.write(f"{count} values encrypted again; keys in use now: {', '.join(sorted(stored_key_ids()))}")

"""From where each person logged in before: there, nobody else's wrong passwords can keep them out."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class KnownAddressManager(models.Manager["KnownAddress"]):
    def note(self, user: User, address: str, *, now: datetime) -> None:
        """Remember that a person has logged in from an address."""
        self.update_or_create(user=user, digest=digest_of(address), defaults={"seen_at": now})

    def has(self, username: str, address: str) -> bool:
        """Say whether somebody who is called so has logged in from an address."""
        return self.filter(user__username__iexact=username, digest=digest_of(address)).exists()


class KnownAddress(models.Model):
    """An address as a keyed digest: enough to know it again, useless to anybody who reads the table."""

    user = models.ForeignKey(User, models.CASCADE, related_name="known_addresses", verbose_name=_("user"))
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField(_("seen at"))

    objects = KnownAddressManager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_known_address")]
        indexes = [models.Index(fields=["seen_at"], name="known_address_age")]

    def __str__(self) -> str:
        return f"address of {self.user}"


def digest_of(address: str) -> str:
    """Return a digest that nobody can try out without this service's key."""
    return salted_hmac("integrations.known_address", address, algorithm="sha256").hexdigest()

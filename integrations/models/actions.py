"""What people did to a title: who, what, why and when. Rows are only ever added."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.models.deliveries import Posting
from integrations.models.moments import moment


class PersonAction(models.Model):
    """One order of one person about one title."""

    class Kind(models.TextChoices):
        RESYNC = "resync", _("Resync")
        RETRY = "retry", _("Send to Kamino again")
        IGNORE = "ignore", _("Not to be synced")
        UNIGNORE = "unignore", _("Sync again")
        FORCE = "force", _("Force settlement in Kamino")
        UNDO_FORCE = "undo_force", _("Take back a forced settlement")
        APPROVE_FORCE = "approve_force", _("Approve a forced settlement")
        REFUSE_FORCE = "refuse_force", _("Refuse a forced settlement")
        LINK = "link", _("Link to a title in Kamino")
        CREATE = "create", _("Create in Kamino all the same")
        HAPPENED = "happened", _("Confirmed: Kamino did it")
        DID_NOT_HAPPEN = "did_not_happen", _("Confirmed: Kamino did not do it")
        REPLACES = "replaces", _("Replaces a deleted title")
        FOLLOW_UP = "follow_up", _("Assigned or commented")
        REPLACES_NONE = "replaces_none", _("Replaces no other title")
        CREATE_AGAIN = "create_again", _("Create again in Kamino")
        ASK_AGAIN = "ask_again", _("Create again in Kamino, once somebody approved it")
        REFUSE_AGAIN = "refuse_again", _("Refuse that it is created again")
        CANCEL_DELETED = "cancel_deleted", _("Cancel in Kamino what Bling deleted")
        DONE_BY_HAND = "done_by_hand", _("Confirmed: done in Kamino by hand")
        USE_BLING = "use_bling", _("Text and classification of Bling")
        ACCEPT = "accept", _("Accepted as it is in Kamino")
        SURPLUS_GONE = "surplus_gone", _("Confirmed: nothing is one too many in Kamino")

    posting = models.ForeignKey(Posting, models.CASCADE, related_name="person_actions", verbose_name=_("title"))
    kind = models.CharField(_("action"), max_length=14, choices=Kind.choices)
    reason = models.TextField(_("reason"), blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("action of a person")
        verbose_name_plural = _("actions of persons")
        ordering = ["-at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {moment(self.at)}"

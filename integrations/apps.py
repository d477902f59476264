from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from integrations import checks as checks
        from integrations.login.attempts import make_cache_table
        from integrations.login.factors import note_activation
        from integrations.models.open_reasons import drop_view, make_view
        from integrations.models.wake_up_triggers import drop_triggers, make_triggers

        pre_migrate.connect(drop_view, sender=self)
        pre_migrate.connect(drop_triggers, sender=self)
        post_migrate.connect(make_view, sender=self)
        post_migrate.connect(make_triggers, sender=self)
        post_migrate.connect(make_cache_table, sender=self)
        authenticator_added.connect(note_activation)

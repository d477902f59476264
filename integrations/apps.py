from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.account.signals import authentication_step_completed
        from allauth.mfa.signals import authentication_failed, authenticator_added
        from django.contrib.auth.signals import user_logged_in, user_logged_out
        from django.db.backends.signals import connection_created

        from integrations import checks as checks
        from integrations.login import audit
        from integrations.login.attempts import make_cache_table
        from integrations.login.factors import note_activation
        from integrations.models.audit_rights import give_rights
        from integrations.models.audit_tables import make_months
        from integrations.models.audit_triggers import make_audit_triggers
        from integrations.models.open_reasons import drop_view, make_view
        from integrations.models.wake_up_triggers import drop_triggers, make_triggers
        from integrations.pipeline.audit.who import tell_on
        from integrations.queue import sign_with_own_key

        sign_with_own_key()
        pre_migrate.connect(drop_view, sender=self)
        pre_migrate.connect(drop_triggers, sender=self)
        post_migrate.connect(make_view, sender=self)
        post_migrate.connect(make_triggers, sender=self)
        post_migrate.connect(make_cache_table, sender=self)
        post_migrate.connect(make_months, sender=self)
        post_migrate.connect(make_audit_triggers, sender=self)
        authenticator_added.connect(note_activation)
        connection_created.connect(tell_on)
        user_logged_in.connect(audit.note_login)
        user_logged_out.connect(audit.note_logout)
        authentication_step_completed.connect(audit.note_proof)
        authentication_failed.connect(audit.note_wrong_code)
        post_migrate.connect(give_rights, sender=self)

"""What the codes of a connection's events and causes say to a person."""

from contextlib import suppress

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.models import BlingConnection, KaminoConnection, Tenant
from integrations.words.scopes import scope_names

_EVENTS = {
    "connected": gettext_noop("Connected"),
    "disconnected": gettext_noop("Disconnected by a person"),
    "link_created": gettext_noop("Link for the customer created"),
    "paused": gettext_noop("Paused by a person"),
    "resumed": gettext_noop("Resumed by a person"),
    "accepted": gettext_noop("Company accepted by a person"),
    "provisioned": gettext_noop("Changed by provision"),
    "person_forgotten": gettext_noop("A person's data was erased on request (ids in Bling)"),
    "refresh_lost": gettext_noop("The new authorization was lost on our side while it was renewed; connect again"),
    "restored": gettext_noop(
        "The database was restored, and the authorization was renewed after the backup; connect again"
    ),
    "insufficient_scope": gettext_noop("The Bling app lacks permissions (scopes)"),
    "refused": gettext_noop("Access refused on Bling's page"),
    "expired": gettext_noop("The authorization took too long"),
    "used": gettext_noop("The authorization was already used"),
    "unknown_state": gettext_noop("An authorization that did not begin here"),
    "not_ours": gettext_noop("An authorization from another browser"),
    "other_company": gettext_noop("Another company logged in at Bling"),
    "no_cnpj": gettext_noop("There is no CNPJ to compare the company in Bling with"),
    "other_cnpj": gettext_noop("The CNPJ in Bling is not the company's"),
    "app_inactive": gettext_noop("The Bling app is inactive"),
    "app_inativo": gettext_noop("The Bling app is inactive"),
    "account_overdue": gettext_noop("The Bling account is blocked or overdue"),
    "UNAUTHORIZED_ERROR": gettext_noop("The Bling account is blocked or overdue"),
    "bad_client": gettext_noop("Bling refused the client id or client secret"),
    "invalid_client": gettext_noop("Bling refused the client id or client secret"),
    "invalid_grant": gettext_noop("Bling no longer accepts the authorization; connect again"),
    "no_refresh_token": gettext_noop("Bling gave access without the right to renew it; connect again"),
    "refresh_refused": gettext_noop("Bling refused to renew the authorization for a day; connect again"),
    "forbidden": gettext_noop("Authorized, but Bling refuses the access"),
    "no_app": gettext_noop("No Bling app is set: client id and secret are missing"),
    "never_connected": gettext_noop("Never connected to Bling"),
    "network": gettext_noop("Bling did not answer"),
    "missing_scopes": gettext_noop("The Bling app lacks permissions (scopes)"),
    "rejected": gettext_noop("Bling refused the authorization"),
    "app_changed": gettext_noop("The app of the authorization is not known here any more; connect again"),
    "app_found": gettext_noop("The app of the authorization is known again"),
    "write_asked": gettext_noop("The customer is asked for access to read and write"),
    "read_asked": gettext_noop("The customer is asked for access to read only"),
    "access_kept": gettext_noop("The customer is not asked for another access any more"),
    "write_access": gettext_noop("Access to read and write"),
    "read_access": gettext_noop("Access to read only"),
    "writing_off": gettext_noop("Writing into Bling switched off"),
    "writing_simulation": gettext_noop("Writing into Bling in simulation"),
    "writing_live": gettext_noop("Writing into Bling live"),
    "settling_on": gettext_noop("Programs may settle payables in Bling"),
    "settling_off": gettext_noop("Programs may not settle payables in Bling any more"),
    "contacts_on": gettext_noop("Contacts in Bling may be changed by what other systems send"),
    "orders_on": gettext_noop("Bills of other systems become sales orders in Bling"),
    "orders_off": gettext_noop("Bills of other systems do not become sales orders any more"),
    "contacts_off": gettext_noop("Contacts in Bling are not changed any more"),
    "superseded": gettext_noop("Something else was asked for meanwhile: the new authorization was not stored"),
    "switch_unread": gettext_noop("The new authorization could not be tried and was not stored; the old one stays"),
    "switch_other_company": gettext_noop("The new authorization is another company's and was not stored"),
    "switch_missing_scopes": gettext_noop("The new app may not read everything: it was not stored; the old one stays"),
    "switch_no_writing": gettext_noop("The new app may not write: it was not stored; the old one stays (scope ids)"),
}


def event_text(code: str) -> str:
    """Return the words for an event; a code that nobody described yet is shown as it is."""
    return _(_EVENTS[code]) if code in _EVENTS else code


def event_detail(code: str, detail: str) -> str:
    """Return what an event's detail says to a person; codes for machines say nothing."""
    if code in ("missing_scopes", "switch_missing_scopes"):
        return ", ".join(scope_names(detail))
    if code == "provisioned":
        return ", ".join(_column_name(name) for name in detail.split(", "))
    return "" if code in ("network", "switch_unread") else detail


def _column_name(name: str) -> str:
    """Return how forms call a column of a company or of its connections; tokens are in none of them."""
    for model in (Tenant, BlingConnection, KaminoConnection):
        with suppress(FieldDoesNotExist):
            return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return _("authorization")


def cause_text(code: str) -> str:
    """Return the words for a connection's cause, or a dash."""
    return event_text(code) if code else "–"

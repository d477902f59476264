"""The audit record: what each action is called."""

from typing import Any

from django.utils.translation import gettext_lazy, gettext_noop

from integrations.domain.audit import AuditAction

_NAMES: dict[AuditAction, str] = {
    AuditAction.LOGIN: gettext_noop("Logged in"),
    AuditAction.LOGOUT: gettext_noop("Logged out"),
    AuditAction.LOGIN_FAILED: gettext_noop("Log-in failed"),
    AuditAction.LOGIN_LOCKED: gettext_noop("Log-in refused for a time"),
    AuditAction.PROOF: gettext_noop("Proved again who they are"),
    AuditAction.FACTOR: gettext_noop("Second factor changed"),
    AuditAction.USER: gettext_noop("User changed"),
    AuditAction.USER_EMAIL: gettext_noop("Address for new passwords changed"),
    AuditAction.USER_GROUP: gettext_noop("Groups of a user changed"),
    AuditAction.USER_PERMISSION: gettext_noop("Permissions of a user changed"),
    AuditAction.GROUP: gettext_noop("Group changed"),
    AuditAction.GROUP_PERMISSION: gettext_noop("Permissions of a group changed"),
    AuditAction.MEMBER: gettext_noop("Members of a company changed"),
    AuditAction.COMPANY: gettext_noop("Company changed"),
    AuditAction.CONFIDENTIAL: gettext_noop("Confidential categories changed"),
    AuditAction.KAMINO_KEYS: gettext_noop("Kamino connection changed"),
    AuditAction.BLING_KEYS: gettext_noop("Bling connection changed"),
    AuditAction.CONNECTION: gettext_noop("Event of a Bling connection"),
    AuditAction.LINK: gettext_noop("Link for a customer"),
    AuditAction.TITLE_ORDER: gettext_noop("Order about a title"),
    AuditAction.PERSON_ORDER: gettext_noop("Decision about a person"),
    AuditAction.BULK_ORDER: gettext_noop("Order about a whole list"),
    AuditAction.FORCED: gettext_noop("Forced settlement changed"),
    AuditAction.WRITING: gettext_noop("Writing into Bling changed"),
    AuditAction.BRIDGE_KEY: gettext_noop("Key of the bridge"),
    AuditAction.PAYABLES: gettext_noop("Payables for Bling entered or decided"),
    AuditAction.PAYABLE_ORDER: gettext_noop("Order about a payable for Bling"),
    AuditAction.SETTLEMENT_ORDER: gettext_noop("Settlement in Bling ordered or decided"),
    AuditAction.BILL_ORDER: gettext_noop("Bill of another system decided"),
    AuditAction.CUSTOMER_ORDER: gettext_noop("Customer of another system decided"),
    AuditAction.DOWNLOAD_LIST: gettext_noop("List downloaded"),
    AuditAction.DOWNLOAD_MAPPING: gettext_noop("De/Para downloaded"),
    AuditAction.DOWNLOAD_MONTH: gettext_noop("Month closing downloaded"),
    AuditAction.DOWNLOAD_POSITION: gettext_noop("Open position downloaded"),
    AuditAction.FILE_ORDERED: gettext_noop("Large file ordered"),
    AuditAction.FILE_FETCHED: gettext_noop("Large file downloaded"),
    AuditAction.LIVE_READ: gettext_noop("Looked up at Bling or Kamino"),
    AuditAction.PERSON_REPORT: gettext_noop("Report about a person written"),
    AuditAction.PERSON_FORGOTTEN: gettext_noop("Person forgotten"),
    AuditAction.PERSON_REFUSED: gettext_noop("Report or erasure of a person refused"),
}

assert _NAMES.keys() == set(AuditAction), "an action without a name"


def action_choices() -> list[tuple[str, Any]]:
    """Return the actions with their names; a function, so that a new one needs no migration."""
    return [(action.value, gettext_lazy(name)) for action, name in _NAMES.items()]

"""Look and menu of the admin (django-unfold)."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def _link(title: Any, icon: str, model: str, app: str = "integrations") -> dict[str, Any]:
    def allowed(request: Any) -> bool:
        return bool(request.user.has_perm(f"{app}.view_{model}"))

    return {
        "title": lazy(lambda: capfirst(str(title)), str)(),
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": allowed,
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Bling → Kamino",
    "SITE_HEADER": "Bling → Kamino",
    "SITE_SUBHEADER": _("Payables and receivables"),
    "SITE_SYMBOL": "sync_alt",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("integrations/icon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "ACCOUNT": {
        "navigation": [
            {"title": _("Second factor"), "link": reverse_lazy("mfa_index")},
            {"title": pgettext_lazy("log-ins", "Sessions"), "link": reverse_lazy("usersessions_list")},
        ]
    },
    "GLOBAL_CALLBACK": "integrations.admin.system.alert.banner",
    "DASHBOARD_CALLBACK": "integrations.admin.system.dashboard.dashboard",
    "STYLES": [lambda request: static("integrations/admin.css")],
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {"items": [{"title": _("Overview"), "icon": "home", "link": reverse_lazy("admin:index")}]},
            {
                "title": _("Titles"),
                "items": [
                    _link(_("Titles"), "receipt_long", "title")
                    | {
                        "active": lambda request: (
                            "/title/" in request.path and "/posicao-em-aberto/" not in request.path
                        )
                    },
                    _link(_("Needs action"), "front_hand", "posting"),
                    _link(_("Simulation"), "experiment", "plannedwrite"),
                    _link(_("Discrepancies"), "difference", "discrepancy"),
                    _link(_("Forced settlements"), "gavel", "forcedsettlement"),
                    _link(_("Bulk orders"), "playlist_add_check", "bulkorder"),
                    _link(_("Open position"), "account_balance", "title")
                    | {
                        "link": reverse_lazy("admin:integrations_title_open_position"),
                        "active": lambda request: "/posicao-em-aberto/" in request.path,
                    },
                    _link(_("Month closings"), "event_available", "monthclosing"),
                    _link(_("Exports"), "download", "export"),
                    _link(_("Persons"), "groups", "person"),
                ],
            },
            {
                "title": _("Into Bling"),
                "items": [
                    _link(_("Payables for Bling"), "request_quote", "payablewrite"),
                    _link(_("Batches of payables"), "inventory", "writebatch"),
                    _link(_("Spreadsheets of payables"), "upload_file", "payablesheet"),
                    _link(_("Settlements for Bling"), "price_check", "settlementwrite"),
                    _link(_("Customers of other systems"), "contacts", "customerwrite"),
                    _link(_("Bills of other systems"), "receipt_long", "orderwrite"),
                    _link(_("Keys of programs"), "vpn_key", "apikey"),
                ],
            },
            {
                "title": _("Classification"),
                "items": [
                    _link(_("Mappings"), "conversion_path", "mapping")
                    | {
                        "link": reverse_lazy("admin:integrations_mapping_choose"),
                        "active": lambda request: "/integrations/mapping/mesa/" in request.path,
                    },
                    _link(_("Changes of the mappings"), "rule", "mappingchange"),
                    _link(_("Filters"), "filter_alt", "filterrule"),
                    _link(_("Confidential categories"), "visibility_off", "confidentialcategory"),
                    _link(_("Bling registers"), "category", "catalogitem"),
                    _link(_("Kamino registers"), "account_tree", "kaminoitem"),
                ],
            },
            {
                "title": _("Companies"),
                "items": [
                    _link(_("Companies"), "apartment", "tenant"),
                    _link(_("Bling connections"), "link", "blingconnection"),
                    _link(_("Kamino connections"), "key", "kaminoconnection"),
                ],
            },
            {
                "title": _("Operation"),
                "items": [
                    _link(_("Alerts"), "notifications", "alert"),
                    {
                        "title": _("Health"),
                        "icon": "monitor_heart",
                        "link": reverse_lazy("admin:integrations_health"),
                        "permission": lambda request: request.user.has_perm("integrations.view_syncrun"),
                    },
                    _link(_("Sync runs"), "sync", "syncrun")
                    | {"active": lambda request: "/syncrun/" in request.path and "/saude/" not in request.path},
                    _link(_("Deliveries"), "send", "attempt"),
                    _link(_("Holds after a restore"), "lock_clock", "restorehold"),
                    _link(_("Limits"), "speed", "ratelimit"),
                    _link(_("Schedules"), "schedule", "schedule", app="django_q"),
                    _link(_("Failed tasks"), "error", "failure", app="django_q"),
                    _link(_("Users"), "person", "user", app="auth"),
                    _link(_("Groups"), "group", "group", app="auth"),
                    _link(_("Audit record"), "history", "auditevent"),
                ],
            },
        ],
    },
}

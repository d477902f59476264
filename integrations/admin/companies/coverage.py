"""The page "Cobertura": how much of a company's titles is classified, and each name that holds titles back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.scope import sight_for, sight_told
from integrations.admin.mapping.desk import row_url
from integrations.models import Tenant
from integrations.pipeline.report.coverage import Blocker, Share, coverage_of
from integrations.words.reasons import problem_sentences


def coverage_url(tenant: Tenant) -> str:
    return reverse("admin:integrations_tenant_coverage", args=[tenant.pk])


class CoveragePage:
    """The company's page action, and its line on the company's page."""

    get_object_or_deny: Any
    admin_site: Any
    opts: Any

    @page_action(gettext_lazy("Coverage"), permissions=["view"], icon="checklist")
    def coverage(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object_or_deny(request, object_id)
        found = coverage_of(tenant, sight_for(request))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Coverage of %(name)s") % {"name": tenant},
            "coverage": found,
            "left_out": texts.left_out(tenant, request),
            "shares": [
                (_("Titles"), Share(found.ready, found.titles)),
                (_("Categories in use"), found.categories),
                (_("Bank accounts in use"), found.accounts),
            ],
            "money": (texts.money(found.ready_total), texts.money(found.total)),
            "names": [_line(tenant, blocker) for blocker in found.names],
            "bank_accounts": [_line(tenant, blocker) for blocker in found.bank_accounts],
            "waiting_url": f"{reverse('admin:integrations_posting_changelist')}?tenant={tenant.pk}",
            "back": actions.page_url(self, tenant.pk),
        }
        return TemplateResponse(request, "admin/integrations/companies/coverage.html", context)

    @display(gettext_lazy("coverage"))
    def coverage_text(self, tenant: Tenant) -> SafeString | str:
        if not tenant.pk:
            return texts.EMPTY
        # Unfold asks several times for the cell of a page; at a hundred thousand titles each answer takes a third of
        # a second.
        if "coverage_sentence" not in vars(tenant):
            vars(tenant)["coverage_sentence"] = coverage_of(tenant, sight_told(tenant)).sentence()
        sentence = vars(tenant)["coverage_sentence"]
        return texts.anchor(coverage_url(tenant), sentence)


def _line(tenant: Tenant, blocker: Blocker) -> dict[str, Any]:
    return {
        "url": row_url(tenant.pk, blocker.kind, blocker.bling_id),
        "name": blocker.name,
        "why": problem_sentences([blocker.problem])[0],
        "titles": blocker.titles,
        "total": texts.money(blocker.total),
    }

"""Confidential categories: whose titles, persons and values only people with the permission see."""

from django.contrib import admin

from integrations.admin.kit.filters import TenantFilter
from integrations.admin.kit.register_rules import RegisterRuleAdmin
from integrations.models import ConfidentialCategory
from integrations.models.registers import CatalogKind


@admin.register(ConfidentialCategory)
class ConfidentialCategoryAdmin(RegisterRuleAdmin):
    register_kinds = (CatalogKind.CATEGORY,)
    list_display = ["register", "company"]
    list_filter = [TenantFilter]
    fields = ["item"]

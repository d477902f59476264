"""Public addresses: the OAuth callback and health."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

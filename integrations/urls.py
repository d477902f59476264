"""Public addresses: the customer's link, the OAuth callback and health."""

from django.urls import path

from integrations.views import connect, health

urlpatterns = [
    path("bling/connect/<int:pk>/", connect.start_bling, name="bling-connect"),
    path("bling/callback", connect.bling_callback, name="bling-callback"),
    path("conectar/<str:token>/", connect.connect_by_link, name="connect-by-link"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
]

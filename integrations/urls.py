"""Public addresses: the customer's link, the OAuth callback, the v2 bridge, the API and health."""

from django.urls import path, re_path

from integrations.api.app import api
from integrations.views import bridge, connect, health

urlpatterns = [
    path("bling/connect/<int:pk>/", connect.start_bling, name="bling-connect"),
    path("bling/callback", connect.bling_callback, name="bling-callback"),
    path("conectar/<str:token>/", connect.connect_by_link, name="connect-by-link"),
    re_path(r"^(?:b/)?Api/v2/contapagar(?:/json|/xml)?/?$", bridge.insert, name="bridge-payables"),
    re_path(
        r"^(?:b/)?Api/v2/contapagar/(?P<title_id>[0-9]{1,18})(?:/json|/xml)?/?$", bridge.settle, name="bridge-settle"
    ),
    path("api/v1/", api.urls),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
]

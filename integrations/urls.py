"""Public addresses: the OAuth callback and health."""

from django.urls import path

from integrations import views

urlpatterns = [
    path("bling/connect/<int:pk>/", views.start_bling, name="bling-connect"),
    path("bling/callback", views.bling_callback, name="bling-callback"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
]

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from integrations.login.entrance import admin_login

handler400 = "integrations.views.refused.bad_request"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("integrations.urls")),
    path("conta/", include("integrations.login.urls")),
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
]

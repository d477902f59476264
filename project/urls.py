from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

handler400 = "integrations.views.refused.bad_request"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("integrations.urls")),
    path("admin/", admin.site.urls),
]

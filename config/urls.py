"""Every address: each app's rooms say their own, this page only says under which roof."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.docs import public, with_docs_policy
from slices.runs.evidence_api import client
from teams.access.index import unknown
from teams.desk.site import desk
from teams.platform.site import platform

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("teams.urls")),
    path("sluice.py", client, name="client"),
    path("o/<slug:organization>/", include("projects.urls")),
    path("o/<slug:organization>/", include("labeling.urls")),
    path("o/<slug:organization>/", include("slices.urls")),
    path("admin/", desk.urls),
    path("platform/", platform.urls),
    path("api/v1/schema/", public(SpectacularAPIView.as_view()), name="schema"),
    path(
        "api/v1/docs/",
        public(with_docs_policy(SpectacularSwaggerView.as_view(url_name="schema"))),
        name="docs",
    ),
    path("api/v1/", include("teams.api_urls")),
    path("api/v1/", include("projects.api_urls")),
    path("api/v1/", include("labeling.api_urls")),
    path("api/v1/", include("slices.api_urls")),
    re_path("^api/(?P<rest>.*)$", unknown),
]

handler400 = "teams.desk.errors.bad_request"
handler403 = "teams.desk.errors.not_allowed"
handler404 = "teams.desk.errors.not_found"
handler500 = "teams.desk.errors.server_error"

if settings.DEBUG:
    from teams.desk.gallery import components

    urlpatterns.append(path("components/", components, name="components"))

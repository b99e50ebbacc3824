"""A list of the desk as a CSV file: the same rows and columns, in the same order, with the same filters."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from teams.events.actions import record

AT_ONCE = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """What `csv` writes to: it gives each line back."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


def exported(admin: Any, request: Any) -> HttpResponseBase:
    """The file, line by line. The audit says who took it, of what, and how many rows."""
    listed = admin.get_changelist_instance(request)
    columns = [name for name in listed.list_display if name != "action_checkbox"]
    rows = listed.get_queryset(request)
    model = admin.model._meta.label_lower
    record(
        "desk.exported", organization=request.organization, by=request.user, model=model, rows=rows.count()
    )
    answer = StreamingHttpResponse(lines(admin, columns, rows), content_type="text/csv; charset=utf-8")
    name = f"{admin.model._meta.model_name}-{timezone.now():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def lines(admin: Any, columns: list[str], rows: Any) -> Iterator[str]:
    """The heads, then a line a row; read in pages, so that a long list needs no more memory than a short one."""
    write = csv.writer(Line()).writerow
    yield write([capfirst(str(label_for_field(name, admin.model, admin))) for name in columns])
    for row in rows.iterator(AT_ONCE):
        yield write([safe(value(admin, name, row)) for name in columns])


def value(admin: Any, name: str, row: Any) -> Any:
    """What stands in one cell; of a status and its tone the words."""
    _field, _attribute, found = lookup_field(name, row, admin)
    return found[-1] if isinstance(found, tuple) and found else found


def safe(found: Any) -> str:
    """A cell as text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    match found:
        case None:
            return ""
        case bool():
            return _("yes") if found else _("no")
        case datetime():
            return found.isoformat(timespec="seconds")
        case int() | float():
            return str(found)
        case list():
            text = ", ".join(map(str, found))
        case _:
            text = strip_tags(str(found))
    return f"'{text}" if text.startswith(FORMULA) else text


class Exports:
    """The part of an admin that gives its list as a file."""

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Whoever may look at the list may take it along."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return exported(self, request)

    def get_urls(self) -> list[URLPattern]:
        """Django's, and the file."""
        info = (self.opts.app_label, self.opts.model_name)  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.export_view)  # type: ignore[attr-defined]
        mine = path("export/", view, name="{}_{}_export".format(*info))
        return [mine, *super().get_urls()]  # type: ignore[misc]

"""Projects, streams and model versions at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.db.models import Count
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from projects.streams.actions import change_fields, create_project, create_stream
from projects.streams.declaring import differs
from projects.streams.desk_form import ProjectForm, RetentionForm, SplitForm, StreamChangeForm, StreamForm
from projects.streams.dividing import buckets_of, change_split, shares_in_words
from projects.streams.models import ModelVersion, Project, Stream
from projects.streams.retention import days_of, expired_so_far, set_retention
from teams.access.actions import set_grants
from teams.desk.columns import linked, short_hash
from teams.desk.deeds import deed
from teams.desk.grants import GrantForm, grants_shown
from teams.desk.scoped import OrganizationAdmin, ScopedFilter
from teams.desk.site import desk

VERB = "projects.manage_project"
LAST_WORKS = 5


@admin.register(Project, site=desk)
class ProjectAdmin(OrganizationAdmin):
    """A project and who works on it."""

    add_verb, change_verb = "teams.create_project", VERB
    add_form = ProjectForm
    add_fields = ("name", "slug", "stream")
    fields = ("name", "slug", "description", "grants", "created_at")
    readonly_fields = ("slug", "grants", "created_at")
    list_display = ("name", "slug", "n_streams", "n_queues", "n_slices", "created_at")
    search_fields = ("name", "slug")
    search_help_text = _("Search by name or address")
    ordering = ("name", "id")
    actions = ("grant",)

    def get_queryset(self, request: Any) -> models.QuerySet[Project]:
        """With how much there is in each."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                n_streams=Count("streams", distinct=True),
                n_queues=Count("queues", distinct=True),
                n_slices=Count("slices", distinct=True),
            )
        )

    @display(description=_("streams"), ordering="n_streams")
    def n_streams(self, row: Any) -> int:
        """How many channels."""
        return int(row.n_streams)

    @display(description=_("queues"), ordering="n_queues")
    def n_queues(self, row: Any) -> int:
        """How many kinds of work."""
        return int(row.n_queues)

    @display(description=_("slices"), ordering="n_slices")
    def n_slices(self, row: Any) -> int:
        """How many definitions."""
        return int(row.n_slices)

    @display(description=_("who works here"))
    def grants(self, row: Project) -> Any:
        """Teams, people and machines with what they may do."""
        return grants_shown(row)

    def make_row(self, request: Any, obj: Project, form: Any) -> Project:
        """By name and address, with the stream that was asked for."""
        asked, by = form.cleaned_data, request.user
        with transaction.atomic():
            project = create_project(
                organization=request.organization, name=asked["name"], slug=asked["slug"], by=by
            )
            if asked["stream"]:
                name = asked["stream"].capitalize()
                create_stream(project=project, name=name, slug=asked["stream"], fields=[], by=by)
        return project

    @deed(_("Say who works here"), verb=VERB, form=GrantForm)
    def grant(self, request: Any, row: Project, to: Any, verbs: list[str]) -> None:
        """Exactly these verbs for one team, person or machine."""
        set_grants(row=row, to=to, verbs=verbs, by=request.user)


@admin.register(Stream, site=desk)
class StreamAdmin(OrganizationAdmin):
    """Its attributes and its split may change, as far as nothing relies on them."""

    add_verb = change_verb = VERB
    add_form = StreamForm
    form = StreamChangeForm
    add_fields = ("project", "name", "slug", "declared", "split_by", "test_percent", "val_percent", "salt")
    fields = (
        "project_link",
        "name",
        "slug",
        "description",
        "split_by",
        "split",
        "has_personal_media",
        "kept_for",
        "created_at",
        "declared",
        "despite",
        "works",
        "revision",
    )
    readonly_fields = ("project_link", "slug", "split_by", "split", "kept_for", "works", "created_at")
    actions = ("divide", "keep")
    list_display = ("name", "project_link", "slug", "attributes", "split", "split_by", "created_at")
    list_filter = (("project", ScopedFilter),)
    list_select_related = ("project",)
    search_fields = ("name", "slug", "project__name")
    search_help_text = _("Search by name, address or project")
    ordering = ("name", "id")
    project_link = linked("project", _("project"))

    def get_queryset(self, request: Any) -> models.QuerySet[Stream]:
        """With the split policies."""
        return super().get_queryset(request).prefetch_related("split_policies")

    @display(description=_("attributes"), empty_value="—")
    def attributes(self, row: Stream) -> str | None:
        """Names and types."""
        return ", ".join(f"{field['name']} ({field['type']})" for field in row.fields) or None

    @display(description=_("split"), empty_value="—")
    def split(self, row: Stream) -> str | None:
        """The shares of its newest policy."""
        policy = max(row.split_policies.all(), key=lambda policy: policy.version, default=None)
        return shares_in_words(policy) if policy else None

    def make_row(self, request: Any, obj: Stream, form: Any) -> Stream:
        """With its first split policy; percents become buckets."""
        asked = form.cleaned_data
        test = buckets_of(asked["test_percent"])
        return create_stream(
            project=asked["project"],
            name=asked["name"],
            slug=asked["slug"],
            fields=asked["declared"],
            split_by=asked["split_by"],
            test_until=test,
            val_until=test + buckets_of(asked["val_percent"]),
            salt=asked["salt"] or None,
            by=request.user,
        )

    def change_row(self, request: Any, obj: Stream, form: Any) -> None:
        """Other settings; and other attributes, at once or when all examples have been looked at."""
        super().change_row(request, obj, form)
        asked = form.cleaned_data
        stream = request.organization.streams.select_related("organization", "project").get(pk=obj.pk)
        if not differs(stream, asked["declared"]):
            return
        work = change_fields(
            stream=stream,
            wanted=asked["declared"],
            despite=asked["despite"],
            revision=asked["revision"] or None,
            by=request.user,
        )
        obj.fields = stream.fields
        if work is not None:
            messages.info(
                request, _("There are many examples: they are looked at before the attributes change.")
            )

    @display(description=_("what nobody needs is kept"))
    def kept_for(self, row: Stream) -> str:
        """The policy, and how many have expired by it."""
        days, gone = days_of(row), expired_so_far(row)
        if days is None and not gone:
            return str(_("for ever"))
        policy = _("%(days)d days") % {"days": days} if days else _("for ever")
        return str(_("%(policy)s; %(n)d examples have expired so far") % {"policy": policy, "n": gone})

    @deed(
        _("Change the split"),
        verb=VERB,
        form=SplitForm,
        danger=True,
        single=_("Change the split of one stream at a time."),
        words=_(
            "Testing and validation may shrink: what leaves them is trained on from then on, and models of before and "
            "after can be compared. To let them grow, divide the stream anew: every group's lot is drawn again, and "
            "models of before and after cannot be compared. Snapshots that are frozen stay as they are."
        ),
    )
    def divide(self, request: Any, row: Stream, test_percent: float, val_percent: float, anew: bool) -> None:
        """Another split policy; percents become buckets."""
        test = buckets_of(test_percent)
        val_until = test + buckets_of(val_percent)
        change_split(stream=row, test_until=test, val_until=val_until, anew=anew, by=request.user)

    @deed(
        _("Say how long examples are kept"),
        verb=VERB,
        form=RetentionForm,
        danger=True,
        words=_(
            "Examples without a label that nothing refers to go so many days after they came, with what models said "
            "of them and their uploaded files. What has an answer, a task or an ask, or is in a snapshot, stays. "
            "Their counts stay. This cannot be undone."
        ),
    )
    def keep(self, request: Any, row: Stream, days: int | None) -> None:
        """From now on; the clock does it."""
        set_retention(stream=row, days=days, by=request.user)

    @display(description=_("what is being done to them"), empty_value="—")
    def works(self, row: Stream) -> Any:
        """The last works on attributes, with how far they are."""
        works = row.organization.field_works.filter(stream=row).order_by("-pk")[:LAST_WORKS]
        return render_to_string("projects/streams/field_works.html", {"works": works}) if works else None


@admin.register(ModelVersion, site=desk)
class ModelVersionAdmin(OrganizationAdmin):
    """Models as pipelines registered them; their weights are elsewhere."""

    fields = ("project_link", "name", "version", "digest", "uri", "facts", "failure_modes", "created_at")
    readonly_fields = ("project_link",)
    list_display = ("__str__", "project_link", "digest_shown", "uri", "created_at")
    list_filter = (("project", ScopedFilter),)
    list_select_related = ("project",)
    search_fields = ("name", "version", "digest")
    search_help_text = _("Search by name, version or digest")
    project_link = linked("project", _("project"))
    digest_shown = short_hash("digest", _("digest"))

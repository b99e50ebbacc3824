"""What the sweep knows of every route: who may do what there, and where its ids come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from projects.streams.media import signed_url
from tests.house.world import World

VIEW, LABEL = "projects.view_project", "projects.label_project"
MANAGE, SIGN = "projects.manage_project", "projects.sign_project"
INGEST, EXPORT = "projects.ingest_project", "projects.export_project"
TRAIN, ASK = "projects.train_project", "projects.ask_project"
ANSWERS = "projects.view_answers_project"
REVIEW = "projects.review_project"

Body = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """One address. `verbs`: what each method asks for; `ids`: where a world keeps each part of the address."""

    name: str
    verbs: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    body: Body = lambda world: {}
    query: Callable[[World], str] = lambda world: ""
    holder: bool = False  # a form that only its holder, the owner, can send

    def url(self, world: World, **swapped: Any) -> str:
        """The address in a world, some of its parts taken from elsewhere."""
        own = {part: attrgetter(path)(world) for part, path in self.ids.items()}
        return reverse(self.name, kwargs=own | swapped) + self.query(world)

    def part(self, world: World, part: str) -> Any:
        """One part of the address in a world."""
        return attrgetter(self.ids[part])(world)


ORGANIZATION = {"organization": "slug"}
HERE = ORGANIZATION | {"project": "project.slug"}
OWN_TOKEN = ORGANIZATION | {"pk": "own_token.pk"}
CHILD = HERE | {"slug": "family.slice.slug", "pk": "child.pk"}
QUEUE = HERE | {"queue": "queue.slug"}
SHEETS = HERE | {"queue": "sheets.slug"}
SCHEDULE = HERE | {"schedule": "schedule.pk"}
PLACEMENT = HERE | {"placement": "placement.slug"}
EXPORT_PAGE = HERE | {"pk": "snapshot.pk", "export": "export.pk"}
TWO_SNAPSHOTS = {"a": "snapshot.pk", "b": "eval_snapshot.pk"}
IMPORT = HERE | {"pk": "import_row.pk"}
RECALL = HERE | {"pk": "recall.pk"}
FAILED_IMPORT = {"pk": "failed_import.pk"}
DECISION = PLACEMENT | {"decision": "decision.pk"}


def lease_of(world: World) -> dict[str, Any]:
    """The form of a task that the world's owner holds."""
    return {"lease": world.lease.pk, "token": world.lease.token, "digit": "3"}


def sheet_of(world: World) -> dict[str, Any]:
    """The form of a sheet of which the world's owner holds one cell."""
    return {"cell": f"{world.sheet_lease.pk}.{world.sheet_lease.token}"}


def returned_lease_of(world: World) -> dict[str, Any]:
    """The form of a task that came back to the world's owner."""
    return {"lease": world.lease.pk, "token": world.lease.token, "said": "It is a 3."}


def judged_by(world: World) -> dict[str, Any]:
    """The form of an answer that is before the world's owner."""
    return {"task": world.review_lease.task_id, "token": world.review_lease.token, "verdict": "accept"}


def signature(world: World) -> str:
    """What the page that shows a picture puts behind its address."""
    return "?" + signed_url(world.organization, world.example_row).partition("?")[2]


def stored_signature(world: World) -> str:
    """The same for a file of the organization's own store."""
    return "?" + signed_url(world.organization, world.stored_row).partition("?")[2]


def explored(world: World) -> str:
    """A condition that somebody tries; the sweep swaps the stream too, by the project that it is sought in."""
    return f"?stream={world.stream.slug}&where=" + quote("confidence < 0.6 or label <> '3'")


def a_taken_name(world: World) -> dict[str, Any]:
    """A slice whose address is taken, so that saving it changes nothing."""
    asked = {"stream": world.stream.slug, "where": "confidence < 0.6", "name": "x", "slug": world.slice.slug}
    return asked | {"labels": "any", "splits": "train", "min_size": "0"}


PAGES = [
    Route("desk", {"GET": "teams.manage_desk"}, ORGANIZATION),
    Route("home", {"GET": "member"}, ORGANIZATION),
    Route("roles", {"GET": "member"}, ORGANIZATION),
    Route(
        "organization",
        {"GET": "teams.manage_organization", "POST": "teams.manage_organization"},
        ORGANIZATION,
        lambda world: {
            "name": world.organization.name,
            "figures_visible_to": "person",
            "figures_kept_days": 90,
        },
    ),
    Route(
        "access",
        {"GET": "teams.view_people"},
        ORGANIZATION,
        query=lambda world: f"?project={world.project.pk}",
    ),
    Route(
        "own-tokens",
        {"GET": "member", "POST": "member"},
        ORGANIZATION,
        lambda world: {"name": "notebook", "verbs": "projects.view_project", "days": "30"},
    ),
    Route("all-figures", {"GET": "teams.view_people"}, ORGANIZATION),
    Route("own-figures", {"GET": "member"}, ORGANIZATION),
    Route("quality", {"GET": ANSWERS}, HERE),
    Route("queue-quality", {"GET": ANSWERS}, QUEUE),
    Route("queue-agreement-csv", {"GET": ANSWERS}, QUEUE),
    Route("queue-people-csv", {"GET": "teams.view_people"}, QUEUE),
    Route(
        "queue-gold",
        {"GET": MANAGE, "POST": MANAGE},
        QUEUE,
        body=lambda world: {"key": world.examples[5].key, "answer_digit": "3"},
    ),
    Route(
        "answer-checks",
        {"GET": ANSWERS, "POST": MANAGE},
        HERE,
        body=lambda world: {"name": "fast", "looks_for": "too_fast", "seconds": "2", "effect": "block"},
    ),
    Route("answer-check-end", {"POST": MANAGE}, HERE | {"pk": "heuristic.pk"}),
    Route(
        "recalls",
        {"GET": MANAGE, "POST": MANAGE},
        HERE,
        body=lambda world: {"reason": "a bad week"},
        query=lambda world: "?look=1&since=2020-01-01T00:00",
    ),
    Route("recall", {"GET": MANAGE}, RECALL),
    Route("recall-undo", {"POST": MANAGE}, RECALL),
    Route("recall-resume", {"POST": MANAGE}, RECALL),
    Route("queue-gold-draw", {"POST": MANAGE}, QUEUE, body=lambda world: {"count": 1}),
    Route("queue-gold-retire", {"POST": MANAGE}, QUEUE | {"pk": "gold.pk"}),
    Route("person-figures", {"GET": "teams.view_people"}, ORGANIZATION | {"pk": "labelers_place.pk"}),
    Route("own-token-rotate", {"POST": "member"}, OWN_TOKEN, holder=True),
    Route("own-token-revoke", {"POST": "member"}, OWN_TOKEN, holder=True),
    Route("media", {"GET": "member"}, ORGANIZATION | {"digest": "media.digest"}, query=signature),
    Route("example-media", {"GET": "member"}, ORGANIZATION | {"pk": "stored_row.pk"}, query=stored_signature),
    Route("label-home", {"GET": LABEL}, ORGANIZATION),
    Route("project", {"GET": VIEW}, HERE),
    Route("project-arrivals", {"GET": VIEW}, HERE),
    Route("example", {"GET": VIEW}, HERE | {"pk": "example_row.pk"}),
    Route(
        "erasures",
        {"GET": MANAGE, "POST": MANAGE},
        HERE,
        lambda world: {"by": "ids", "named": world.example_row.pk, "typed": "erase 1"},
    ),
    Route("erasure", {"GET": MANAGE}, HERE | {"pk": "erasure.pk"}),
    Route("imports", {"GET": VIEW, "POST": MANAGE}, HERE),
    Route("import", {"GET": VIEW}, IMPORT),
    Route("import-start", {"POST": MANAGE}, IMPORT),
    Route("import-cancel", {"POST": MANAGE}, IMPORT),
    Route("import-resume", {"POST": MANAGE}, HERE | FAILED_IMPORT),
    Route(
        "import-person",
        {"POST": MANAGE},
        IMPORT,
        lambda world: {"person": world.outside_person.pk, "member": world.labelers_place.pk},
    ),
    Route("import-errors", {"GET": VIEW}, IMPORT),
    Route("label-work", {"GET": LABEL}, QUEUE),
    Route("label-take", {"POST": LABEL}, QUEUE),
    Route("label-answer", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-skip", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-renew", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-draft", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-options", {"GET": LABEL}, QUEUE, query=lambda world: "?question=digit&q=3"),
    Route("label-flag", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-undo", {"POST": LABEL}, QUEUE),
    Route("label-prefetch", {"POST": LABEL}, QUEUE),
    Route("label-give-back", {"POST": LABEL}, QUEUE, lease_of, holder=True),
    Route("label-sheet-take", {"POST": LABEL}, SHEETS),
    Route("label-sheet-answer", {"POST": LABEL}, SHEETS, sheet_of),
    Route("label-sheet-undo", {"POST": LABEL}, SHEETS),
    Route("label-sheet-renew", {"POST": LABEL}, SHEETS),
    Route("label-beside", {"GET": LABEL}, QUEUE | {"task": "held_task.pk"}, holder=True),
    Route("review-beside", {"GET": REVIEW}, QUEUE | {"task": "judged_task.pk"}, holder=True),
    Route("label-contest", {"POST": LABEL}, QUEUE, returned_lease_of, holder=True),
    Route("review-home", {"GET": REVIEW}, ORGANIZATION),
    Route("contested", {"GET": MANAGE}, ORGANIZATION),
    Route(
        "contest-decide",
        {"POST": MANAGE},
        ORGANIZATION | {"pk": "contested_review.pk"},
        lambda world: {"decision": "stands"},
    ),
    Route(
        "issue-open",
        {"POST": LABEL},
        HERE | {"example": "example_row.pk"},
        lambda world: {"kind": "question", "body": "Is this one?"},
    ),
    Route("issues-beside", {"GET": LABEL}, HERE | {"example": "example_row.pk"}),
    Route("issue-resolve", {"POST": LABEL}, HERE | {"pk": "issue.pk"}, lambda world: {"reply": "It is."}),
    Route(
        "issue-again", {"POST": MANAGE}, HERE | {"pk": "issue.pk"}, lambda world: {"queue": world.queue.pk}
    ),
    Route("review-work", {"GET": REVIEW}, QUEUE),
    Route("review-take", {"POST": REVIEW}, QUEUE),
    Route("review-judge", {"POST": REVIEW}, QUEUE, judged_by, holder=True),
    Route("review-renew", {"POST": REVIEW}, QUEUE, judged_by, holder=True),
    Route("explore", {"GET": VIEW}, HERE, query=explored),
    Route("explore-count", {"GET": VIEW}, HERE, query=explored),
    Route("explore-found", {"GET": VIEW}, HERE, query=explored),
    Route("explore-complete", {"GET": VIEW}, HERE, query=lambda world: explored(world) + "&cursor=0"),
    Route("explore-save", {"GET": MANAGE, "POST": MANAGE}, HERE, a_taken_name),
    Route("slices", {"GET": VIEW}, HERE),
    Route("slice", {"GET": VIEW}, HERE | {"slug": "slice.slug"}),
    Route("slice-now", {"GET": VIEW}, HERE | {"slug": "slice.slug"}),
    Route("slice-figures", {"GET": VIEW}, HERE | {"slug": "slice.slug"}),
    Route(
        "slice-compare",
        {"GET": VIEW},
        HERE | {"slug": "slice.slug"},
        query=lambda world: f"?with={world.organization.slices.exclude(pk=world.slice.pk).first().slug}",
    ),
    Route("slice-freeze", {"POST": EXPORT}, HERE | {"slug": "slice.slug"}, lambda world: {"role": "train"}),
    Route("families", {"GET": VIEW}, HERE),
    Route("family", {"GET": VIEW}, HERE | {"slug": "family.slice.slug"}),
    Route("family-child", {"GET": VIEW}, CHILD),
    Route("family-child-move", {"POST": MANAGE}, CHILD),
    Route("family-child-freeze", {"POST": MANAGE}, CHILD),
    Route("snapshot", {"GET": VIEW}, HERE | {"pk": "snapshot.pk"}),
    Route("snapshot-compare", {"GET": VIEW}, HERE | {"pk": "snapshot.pk"}),
    Route("snapshot-diff", {"GET": VIEW}, HERE | TWO_SNAPSHOTS),
    Route(
        "snapshot-download",
        {"GET": EXPORT},
        HERE | {"pk": "snapshot.pk"},
        query=lambda world: "?format=jsonl",
    ),
    Route(
        "snapshot-export",
        {"POST": EXPORT},
        HERE | {"pk": "snapshot.pk"},
        lambda world: {"format": "csv"},
    ),
    Route(
        "snapshot-pin", {"POST": MANAGE}, HERE | {"pk": "snapshot.pk"}, lambda world: {"reason": "An audit"}
    ),
    Route("snapshot-release", {"POST": MANAGE}, HERE | {"pk": "snapshot.pk", "pin": "pin.pk"}),
    Route("snapshot-export-cancel", {"POST": EXPORT}, EXPORT_PAGE | {"export": "export_asked.pk"}),
    Route("snapshot-export-file", {"GET": EXPORT}, EXPORT_PAGE | {"name": "export_file"}),
    Route("runs", {"GET": VIEW}, HERE),
    Route("run", {"GET": VIEW}, HERE | {"pk": "run.pk"}),
    Route("run-cancel", {"POST": MANAGE}, HERE | {"pk": "run.pk"}),
    Route("schedules", {"GET": VIEW}, HERE),
    Route("schedule", {"GET": VIEW}, SCHEDULE),
    Route("schedule-pause", {"POST": MANAGE}, SCHEDULE),
    Route("schedule-resume", {"POST": MANAGE}, HERE | {"schedule": "paused.pk"}),
    Route("schedule-run-now", {"POST": MANAGE}, SCHEDULE),
    Route("rounds", {"GET": VIEW}, SCHEDULE),
    Route("placements", {"GET": VIEW}, HERE),
    Route("placement", {"GET": VIEW}, PLACEMENT),
    Route("placement-roll-back", {"POST": MANAGE}, PLACEMENT, lambda world: {"reason": "because"}),
    Route("placement-people-decide", {"POST": MANAGE}, PLACEMENT, lambda world: {"reason": "because"}),
    Route("decision", {"GET": VIEW}, DECISION),
    Route("decision-sign", {"POST": SIGN}, DECISION, lambda world: {"stage": "canary", "reason": "because"}),
]

PROJECT = {"project": "project.slug"}
STREAM = PROJECT | {"stream": "stream.slug"}
SLICE = PROJECT | {"slug": "slice.slug"}
FAMILY = PROJECT | {"slug": "family.slice.slug"}
API_SCHEDULE = PROJECT | {"schedule": "schedule.pk"}
API_EXPORT = {"pk": "snapshot.pk", "export": "export.pk"}
CLAIMED = {"pk": "claimed.pk"}
FENCE = {"token": 1}


def a_slice(world: World) -> dict[str, Any]:
    """A new slice."""
    return {"slug": f"s{world.project.slices.count()}", "name": "S", "stream": world.stream.slug}


def a_family(world: World) -> dict[str, Any]:
    """One whose name is taken, so that asking for it changes nothing."""
    said = {"slug": world.family.slice.slug, "name": "x", "stream": world.stream.slug}
    return said | {"text": "store = $store", "params": {"store": "string"}}


def a_belonging(world: World) -> dict[str, Any]:
    """What has been said before."""
    row = world.organization.belongings.get()
    said = {"value": row.value, "parent": row.parent, "since": row.since.isoformat()}
    return {"field": "store", "level": world.level, "rows": [said]}


def the_same_fields(world: World) -> dict[str, Any]:
    """What is declared already."""
    names = ("name", "type")
    return {"fields": [{name: row[name] for name in names} for row in world.stream.fields]}


def frozen_before(world: World) -> dict[str, Any]:
    """The moment of a snapshot that is there: freezing it again gives the same one."""
    return {"role": "train", "as_of": world.snapshot.as_of.isoformat()}


def scores(world: World) -> dict[str, Any]:
    """What a model says of a world's evaluation snapshot."""
    results = [{"example_id": row.example_id, "label": "3"} for row in world.organization.annotations.all()]
    return {"snapshot": world.eval_snapshot.pk, "results": results}


# A condition that looks everywhere: at predictions, answers and another slice.
EVERYTHING_ASKED = (
    "slice('{}-slice') or disagrees('annotators') or annotation_count > 1 or label_count.3 > 1 or pred.entropy > 1"
    " or review_state = 'returned' or disagrees('model', 'human')"
)

API = [
    Route("api-media", {"POST": INGEST}, PROJECT),
    Route(
        "api-erasures",
        {"GET": MANAGE, "POST": MANAGE},
        PROJECT,
        lambda world: {"ids": [world.example_row.pk]},
    ),
    Route("api-erasure", {"GET": MANAGE}, PROJECT | {"pk": "erasure.pk"}),
    Route("api-example", {"GET": VIEW}, {"pk": "example_row.pk"}),
    Route("api-model-lineage", {"GET": VIEW}, {"pk": "model.pk"}),
    Route("api-example-lineage", {"GET": VIEW}, {"pk": "example_row.pk"}),
    Route(
        "api-example-by-key",
        {"GET": VIEW},
        STREAM,
        query=lambda world: f"?key={quote(world.example_row.key)}",
    ),
    Route(
        "api-predictions",
        {"POST": INGEST},
        STREAM,
        lambda world: {
            "model": {"name": "other", "version": "1"},
            "predictions": [{"key": world.example_row.key, "label": "3", "confidence": 0.5}],
        },
    ),
    Route(
        "api-fields",
        {"GET": VIEW, "POST": MANAGE},
        STREAM,
        the_same_fields,
    ),
    Route(
        "api-conditions", {"POST": VIEW}, STREAM, lambda world: {"text": EVERYTHING_ASKED.format(world.slug)}
    ),
    Route(
        "api-conditions-complete",
        {"POST": VIEW},
        STREAM,
        lambda world: {"text": "store = ", "cursor": 8},
    ),
    Route(
        "api-examples",
        {"GET": VIEW, "POST": INGEST},
        STREAM,
        lambda world: {"examples": [{"key": world.example_row.key, "text": "changed"}]},
    ),
    Route(
        "api-imports",
        {"GET": VIEW, "POST": INGEST},
        STREAM,
        lambda world: {"uri": "s3://nobodys/prefix"},
    ),
    Route("api-import-preview", {"POST": INGEST}, STREAM, lambda world: {"uri": "s3://nobodys/prefix"}),
    Route("api-import", {"GET": VIEW}, {"pk": "import_row.pk"}),
    Route("api-import-cancel", {"POST": INGEST}, {"pk": "import_row.pk"}),
    Route("api-import-resume", {"POST": INGEST}, FAILED_IMPORT),
    Route("api-import-errors", {"GET": VIEW}, {"pk": "import_row.pk"}),
    Route("api-queues", {"GET": VIEW}, PROJECT),
    Route("api-draw", {"POST": TRAIN}, PROJECT | {"queue": "control.slug"}, lambda world: {"total": 0}),
    Route(
        "api-asks",
        {"GET": ASK, "POST": ASK},
        PROJECT,
        lambda world: {
            "name": "n",
            "queue": world.queue.slug,
            "example_key": world.example_row.key,
            "deadline_s": 9,
        },
    ),
    Route("api-ask", {"GET": ASK}, {"pk": "ask.pk"}),
    Route("api-ask-stop", {"POST": ASK}, {"pk": "ask.pk"}),
    Route("api-retention", {"GET": VIEW, "POST": MANAGE}, STREAM, lambda world: {"days": 30}),
    Route(
        "api-splits",
        {"GET": VIEW, "POST": MANAGE},
        STREAM,
        lambda world: {"test_until": 1000, "val_until": 1000},
    ),
    Route(
        "api-split-groups",
        {"GET": VIEW, "PUT": MANAGE},
        STREAM,
        lambda world: {"split": "test", "groups": ["never seen"]},
    ),
    Route("api-slices", {"GET": VIEW, "POST": MANAGE}, PROJECT, a_slice),
    Route("api-slice-preview", {"POST": VIEW}, PROJECT, lambda world: {"stream": world.stream.slug}),
    Route("api-slice", {"GET": VIEW, "PATCH": MANAGE}, SLICE, lambda world: {"name": world.slice.name}),
    Route("api-hard-cases", {"GET": VIEW}, STREAM),
    Route("api-slice-versions", {"GET": VIEW}, SLICE),
    Route("api-slice-funnel", {"GET": VIEW}, SLICE),
    Route("api-slice-mix", {"GET": VIEW}, SLICE),
    Route("api-slice-over-time", {"GET": VIEW}, SLICE),
    Route("api-slice-drift", {"GET": VIEW}, SLICE, query=lambda world: "?reference=2026-01-01T00:00:00Z"),
    Route("api-slice-compare", {"GET": VIEW}, SLICE | {"other": "slice.slug"}),
    Route("api-freeze", {"POST": EXPORT}, SLICE, frozen_before),
    Route("api-families", {"GET": VIEW, "POST": MANAGE}, PROJECT, a_family),
    Route("api-family", {"GET": VIEW, "PATCH": MANAGE}, FAMILY, lambda world: {"gone_after_days": 30}),
    Route("api-family-preview", {"POST": VIEW}, FAMILY, lambda world: {"min_size": 1}),
    Route("api-children", {"GET": VIEW}, FAMILY),
    Route(
        "api-child",
        {"GET": VIEW, "PATCH": MANAGE},
        FAMILY | {"pk": "child.pk"},
        lambda world: {"state": "active"},
    ),
    Route("api-family-level", {"GET": VIEW}, FAMILY | {"level": "level"}),
    Route("api-belongings", {"PUT": MANAGE}, STREAM, a_belonging),
    Route("api-snapshot", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route("api-snapshot-drift", {"GET": VIEW}, {"pk": "snapshot.pk"}),
    Route("api-snapshot-diff", {"GET": EXPORT}, TWO_SNAPSHOTS),
    Route(
        "api-snapshot-diff-members",
        {"GET": EXPORT},
        TWO_SNAPSHOTS,
        query=lambda world: "?kind=removed",
    ),
    Route("api-snapshot-download", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route(
        "api-exports",
        {"GET": EXPORT, "POST": EXPORT},
        {"pk": "snapshot.pk"},
        lambda world: {"format": "parquet"},
    ),
    Route(
        "api-pins",
        {"GET": MANAGE, "POST": MANAGE},
        {"pk": "snapshot.pk"},
        lambda world: {"reason": "An audit"},
    ),
    Route("api-pin", {"DELETE": MANAGE}, {"pk": "snapshot.pk", "pin": "pin.pk"}),
    Route("api-export", {"GET": EXPORT}, API_EXPORT),
    Route("api-export-cancel", {"POST": EXPORT}, API_EXPORT | {"export": "export_asked.pk"}),
    Route("api-export-file", {"GET": EXPORT}, API_EXPORT | {"name": "export_file"}),
    Route("api-snapshot-evidence", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route("api-snapshot-members", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route("api-snapshot-digests", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route("api-snapshot-manifest", {"GET": EXPORT}, {"pk": "snapshot.pk"}),
    Route(
        "api-snapshot-media",
        {"GET": EXPORT},
        {"pk": "snapshot.pk", "example": "example_row.pk"},
    ),
    Route("api-runs-claim", {"POST": TRAIN}, body=lambda world: {"claim_id": "sweep", "pools": ["default"]}),
    Route("api-run", {"GET": TRAIN}, {"pk": "run.pk"}),
    Route("api-run-heartbeat", {"POST": TRAIN}, CLAIMED, lambda world: FENCE),
    Route("api-run-release", {"POST": TRAIN}, CLAIMED, lambda world: FENCE | {"reason": "shutdown"}),
    Route(
        "api-run-complete",
        {"POST": TRAIN},
        CLAIMED,
        lambda world: FENCE | {"outcome": "failed", "error": {"message": "no"}},
    ),
    Route("api-runs", {"GET": TRAIN}, PROJECT),
    Route("api-evaluations", {"POST": TRAIN}, {"pk": "candidate.pk"}, scores),
    Route("api-schedules", {"GET": VIEW}, PROJECT),
    Route("api-schedule", {"GET": VIEW}, API_SCHEDULE),
    Route("api-ticks", {"GET": VIEW}, API_SCHEDULE),
    Route("api-rounds", {"GET": VIEW}, API_SCHEDULE),
    Route("api-placements", {"GET": VIEW}, PROJECT),
    Route("api-placement", {"GET": VIEW}, PROJECT | {"placement": "placement.slug"}),
    Route(
        "api-placement-adopt",
        {"POST": MANAGE},
        PROJECT | {"placement": "placement.slug"},
        lambda world: {"version": "old", "stage": "shadow", "reason": "because"},
    ),
    Route("api-decision", {"GET": VIEW}, {"model_version": "model.pk"}),
]

# Not swept, and why. A name that is no route any more fails too.
ELSEWHERE = {
    "root": "leads to the list of one's own organizations",
    "sign-in": "open to everybody; says nothing of anybody",
    "account_login": "the same page under the name that django-allauth knows",
    "sign-out": "concerns the own session alone",
    "invitation": "opened by its secret alone; tested with the invitations",
    "organizations": "lists the own memberships; tested with them",
    "schema": "the same public document for everybody",
    "client": "the same program for everybody",
    "docs": "the same public document for everybody",
    "api": "the same short text for every token",
    None: "the 404 of an unknown address of the API",
}


def routes() -> dict[str | None, str]:
    """Every route of the installation but those of the admin sites, which have tests of their own, and of a person's
    own account, which are django-allauth's and know no organization."""
    found: dict[str | None, str] = {}

    def walk(resolver: URLResolver, before: str) -> None:
        for row in resolver.url_patterns:
            path = before + str(row.pattern)
            if isinstance(row, URLResolver):
                walk(row, path)
            elif isinstance(row, URLPattern) and not path.startswith(("admin/", "platform/", "account/")):
                found[row.name] = path

    walk(get_resolver(), "")
    return found

"""A queue by its address, with all that its pages need of it, in one question whose SQL is made once."""

from __future__ import annotations

from labeling.queues.models import Queue
from projects.schemas.models import LabelSchema
from projects.streams.models import Project, Stream
from teams.access.asked import Asked, columns, instances
from teams.identity.models import Organization

COLUMNS = [
    *columns(Queue),
    *columns(Project, "project__"),
    *columns(LabelSchema, "schema__"),
    *columns(Stream, "stream__"),
]
AT = Asked(
    lambda organization, project, slug: Queue.objects.filter(
        organization=organization, project__slug=project, slug=slug
    ).values_list(*COLUMNS),
    -1,
    "a project",
    "a queue",
)


def queue_at(organization: Organization, project: str, slug: str) -> Queue | None:
    """The queue of this address in a project of this address, with its project, questions and stream."""
    for row in AT.rows(organization.pk, project, slug):
        queue, its_project, schema, stream = instances(row, Queue, Project, LabelSchema, Stream)
        for one in (queue, its_project, schema, stream):
            one.organization = organization
        queue.project, queue.schema, queue.stream = its_project, schema, stream
        schema.project = stream.project = its_project
        found: Queue = queue
        return found
    return None

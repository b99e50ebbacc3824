"""The database refuses a child in another organization's parent."""

from django.db import migrations

from teams.identity.operations import SameOrganization


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_initial"), ("projects", "0003_same_organization")]

    operations = [
        # Dead entries at the head of a queue triple the cost of the next claim: leave room, clean early.
        migrations.RunSQL(
            "ALTER TABLE labeling_task SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01)",
            "ALTER TABLE labeling_task RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        ),
        SameOrganization("Queue", "project", "stream", "schema"),
        SameOrganization("Task", "queue", "example"),
        SameOrganization("Lease", "task"),
        SameOrganization("Annotation", "task", "example", "queue", "lease", "schema"),
        SameOrganization("Ask", "project", "task"),
        SameOrganization("Review", "annotation"),
    ]

"""The database refuses a child in another organization's parent."""

from django.db import migrations

from teams.identity.operations import SameOrganization


class Migration(migrations.Migration):
    dependencies = [("slices", "0002_initial"), ("labeling", "0003_same_organization")]

    operations = [
        SameOrganization("Slice", "project", "stream"),
        SameOrganization("SliceVersion", "slice"),
        SameOrganization("Placement", "project", "model_version"),
        SameOrganization("StageMove", "placement", "model_version"),
        SameOrganization("Snapshot", "project", "slice_version"),
        SameOrganization("Run", "project", "slice_version", "eval_slice_version", "snapshot", "eval_snapshot", "model_version"),
        SameOrganization("Attempt", "run"),
        SameOrganization("Evaluation", "project", "model_version", "snapshot", "run"),
        SameOrganization("Gate", "project", "placement"),
        SameOrganization("Decision", "project", "gate", "model_version", "evaluation", "champion", "champion_evaluation"),
        SameOrganization("SignOff", "decision", "move"),
        SameOrganization("Schedule", "project", "slice", "eval_slice"),
        SameOrganization("Tick", "schedule", "run"),
    ]

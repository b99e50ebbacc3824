"""The database refuses a child in another organization's parent."""

from django.db import migrations

from teams.identity.operations import SameOrganization


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_initial"), ("teams", "0002_same_organization")]

    operations = [
        SameOrganization("LabelSchema", "project"),
        SameOrganization("Stream", "project"),
        SameOrganization("SplitPolicy", "stream"),
        SameOrganization("Example", "stream"),
        SameOrganization("ModelVersion", "project"),
        SameOrganization("Prediction", "example", "model_version"),
    ]

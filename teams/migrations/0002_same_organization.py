"""The database refuses a child in another organization's parent."""

from django.db import migrations

from teams.identity.operations import SameOrganization


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial")]

    operations = [
        SameOrganization("TeamMember", "team", "membership"),
    ]

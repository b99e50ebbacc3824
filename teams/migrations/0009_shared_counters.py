"""The table of the cache: counters of wrong tries hold over processes and restarts."""

from django.core.management import call_command
from django.db import migrations

TABLE = "sluice_cache"


def make(apps, schema_editor):
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("teams", "0008_figures_about_people")]

    operations = [migrations.RunPython(make, lambda apps, schema_editor: schema_editor.execute(f"DROP TABLE {TABLE}"))]

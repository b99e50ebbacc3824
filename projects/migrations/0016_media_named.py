from django.db import migrations, models

# Of those that were here before nobody knows: they stay.
SHOWN = "UPDATE projects_media SET named_at = created_at"


class Migration(migrations.Migration):
    dependencies = [("projects", "0015_quick_indexes")]

    operations = [
        migrations.AddField(
            model_name="media",
            name="named_at",
            field=models.DateTimeField(
                editable=False, help_text="Since when an example has shown it, or did once.", null=True
            ),
        ),
        migrations.RunSQL(SHOWN, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("named_at", None)), fields=["created_at"], name="media_never_named"
            ),
        ),
    ]

"""Two indexes of examples: who is in a split is told by the index of slices alone, and equal attributes have one."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import BtreeGinExtension
from django.db import migrations, models

# An organization that has come since the last ANALYZE is unknown to the planner: look once a hundredth is new.
LOOK_OFTEN = "ALTER TABLE projects_example SET (autovacuum_analyze_scale_factor = 0.01)"
LOOK_AS_USUAL = "ALTER TABLE projects_example RESET (autovacuum_analyze_scale_factor)"


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0011_lineage'),
        ('teams', '0010_stored_answers'),
    ]

    operations = [
        BtreeGinExtension(),
        migrations.RemoveIndex(
            model_name='example',
            name='example_slice',
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(fields=['organization', 'stream', 'k1', 'captured_at'], include=('confidence', 'label', 'id', 'bucket'), name='example_slice'),
        ),
        migrations.AddIndex(
            model_name='example',
            index=django.contrib.postgres.indexes.GinIndex(fields=['organization', 'attributes'], name='example_attributes', opclasses=['int8_ops', 'jsonb_path_ops']),
        ),
        migrations.RunSQL(LOOK_OFTEN, LOOK_AS_USUAL),
    ]

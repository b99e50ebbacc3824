from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0012_attributes_index'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stream',
            name='has_personal_media',
            field=models.BooleanField(default=False, help_text='Every look at media kept here is then in the audit: who, which, when.', verbose_name='its media show people'),
        ),
    ]

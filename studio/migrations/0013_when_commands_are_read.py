from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0012_steering"),
    ]

    operations = [
        migrations.AddField(
            model_name="steeringcommand",
            name="read_at_frame",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The frame before which the worker read it, which a rewind turns back from.",
                null=True,
            ),
        ),
    ]

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0016_blocked_phrases"),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueTask",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("fetch", "fetch a model"), ("preview", "render an effect's preview")], max_length=16
                    ),
                ),
                ("subject", models.CharField(help_text="Slug of the model, or of the effect.", max_length=255)),
                ("wish", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[("queued", "Queued"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("done", models.BigIntegerField(default=0, help_text="Bytes, or frames.")),
                ("total", models.BigIntegerField(default=0)),
                ("message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When it was last heard of."),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("queued", "running"))),
                        fields=("kind", "subject"),
                        name="cataloguetask_one_open",
                    )
                ],
            },
        ),
    ]

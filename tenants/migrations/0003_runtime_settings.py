from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_staff_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuntimeChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64)),
                (
                    "number",
                    models.PositiveIntegerField(
                        help_text="Of the changes of this name: of two at once, one comes too late."
                    ),
                ),
                ("before", models.JSONField(help_text="Empty: the default.", null=True)),
                ("after", models.JSONField(help_text="Empty: the default again.", null=True)),
                ("reason", models.CharField(max_length=500)),
                ("by_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "runtime setting",
                "constraints": [
                    models.UniqueConstraint(fields=("name", "number"), name="runtimechange_number"),
                ],
            },
        ),
    ]

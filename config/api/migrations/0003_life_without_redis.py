from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_unqueued_task"),
    ]

    operations = [
        migrations.CreateModel(
            name="UntoldChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="The list's name.", max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="DurableEntry",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "durable_cache"},
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField(help_text="When the next sign of life is due at the latest.")),
            ],
        ),
    ]

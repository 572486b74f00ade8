from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0002_staff_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="supportrequest",
            name="closed_at",
            field=models.DateTimeField(
                blank=True, help_text="When it was closed last; empty while it is not.", null=True
            ),
        ),
        # The last that happened to a closed one was that it was closed.
        migrations.RunSQL(
            "UPDATE support_supportrequest SET closed_at = updated_at WHERE status = 2", migrations.RunSQL.noop
        ),
    ]

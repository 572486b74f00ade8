from django.db import migrations, models

import effects.properties


class Migration(migrations.Migration):
    """Of what Django knows alone: the column, its index and its foreign key stay as they are."""

    dependencies = [
        ("effects", "0003_category_slugs"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="effect", name="model_file"),
                migrations.AddField(
                    model_name="effect",
                    name="model_file_id",
                    field=models.BigIntegerField(
                        blank=True,
                        db_index=True,
                        help_text="The model it is made for; empty: the studio's default.",
                        null=True,
                        validators=[effects.properties.check_model],
                        verbose_name="model",
                    ),
                ),
            ],
        ),
    ]

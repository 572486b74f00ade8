from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("effects", "0004_model_by_number"),
    ]

    operations = [
        migrations.AddField(
            model_name="effect",
            name="sort_order",
            field=models.IntegerField(default=0, help_text="Where staff put it, for lists in their order."),
        ),
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("is_active", True)),
                fields=["sort_order", "id"],
                name="effect_sort_order",
            ),
        ),
    ]

from django.conf import settings
from django.db import migrations

import config.platform.words


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=config.platform.words.WordsIndex(
                config.platform.words.Words("text"), fastupdate=False, name="message_words"
            ),
        ),
    ]

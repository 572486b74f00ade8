"""What no prompt may say."""

from __future__ import annotations

from django.db import models

MAX_FOLDED = 400
"""Characters of a phrase as prompts are compared with it."""


class BlockedPhrase(models.Model):
    """One entry of the block-list. Who changed it, when and why is in the audit log."""

    phrase = models.CharField(max_length=200, help_text="Case, accents and what stands between words do not matter.")
    folded = models.CharField(
        max_length=MAX_FOLDED, unique=True, editable=False, help_text="As prompts are compared with it."
    )
    whole_words = models.BooleanField(
        default=True, help_text="Off: inside of longer words too, and in scripts that put no space between words."
    )
    in_negative = models.BooleanField(
        "in negative prompts", default=True, help_text="Off: a prompt may say it to keep it out of the picture."
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("phrase",)

    def __str__(self) -> str:
        return self.phrase

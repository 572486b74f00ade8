"""The catalogue in the Django admin: a client of the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.models import User
from accounts.services.audit import record
from accounts.staff.edits import record_edit
from accounts.staff.who import who
from config.api.errors import Conflict
from config.staff_acts import Act, Values
from config.staff_pages import StaffPage, changed_columns
from effects import services
from effects.hooks import render_models
from effects.models import Category, Effect
from effects.properties import check_placeholders, check_workflow, read_properties


@admin.register(Category)
class CategoryAdmin(StaffPage):
    list_display = ("name", "slug", "kind", "sort_order", "updated_at")
    list_filter = ("kind",)
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_category(obj, changes=_changes(obj, form))
        else:
            obj.pk = services.create_category(values=form.cleaned_data).pk
        record_edit(request, "category.changed" if change else "category.added", form, obj.slug)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(obj)
        record("category.deleted", actor=who(request), row=obj.slug)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        for category in queryset:
            self.delete_model(request, category)


def _models() -> list[tuple[object, str]]:
    named = {pk: name for models in render_models().values() for pk, name in models.items()}
    return [("", "---------"), *named.items()]


class EffectForm(forms.ModelForm):
    model_file_id = forms.TypedChoiceField(
        choices=_models, coerce=int, empty_value=None, required=False, label="Model", show_hidden_initial=True,
        help_text=Effect._meta.get_field("model_file_id").help_text,
    )  # fmt: skip

    class Meta:
        model = Effect
        fields = (
            "name", "slug", "description", "category", "tags", "type", "model_file_id", "parameters",
            "configurable_properties", "thumbnail_url", "preview_video_url", "credits_cost", "is_active", "is_premium",
            "is_new", "popularity_score",
        )  # fmt: skip

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        try:
            properties = read_properties(values.get("configurable_properties"))
        except ValueError:
            # The model's own validators tell why.
            return values
        try:
            check_placeholders(values.get("parameters") or {}, properties)
            if values.get("type"):
                check_workflow(values.get("parameters") or {}, Effect.WORKFLOWS[values["type"]])
        except forms.ValidationError as error:
            raise forms.ValidationError({"parameters": error.messages}) from error
        except ValueError as error:
            raise forms.ValidationError({"parameters": str(error)}) from error
        return values


def _restore(staff: User, effect: Effect, values: Values) -> str:
    if not effect.is_deleted:
        raise Conflict("Somebody else has restored it already.")
    services.restore_effect(effect.pk)
    record("effect.restored", actor=staff, row=effect.slug, reason=values["reason"])
    return f"{effect} is in the catalogue."


@admin.register(Effect)
class EffectAdmin(StaffPage):
    """Deleting is soft: the row stays, and the action "restore" brings it back."""

    form = EffectForm
    list_display = (
        "picture", "name", "slug", "category", "type", "credits_cost", "is_active", "is_premium", "is_new", "use_count",
        "popularity", "deleted_at",
    )  # fmt: skip
    list_display_links = ("name",)
    list_filter = ("is_active", "is_premium", "is_new", "type", "category", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("category",)
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("use_count", "popularity", "deleted_at", "created_at", "updated_at")
    actions = ("restore",)
    acts: tuple[Act, ...] = (
        Act(
            "restore",
            "Restore",
            "effects.change_effect",
            _restore,
            about="It is in the catalogue again, switched on or off as it was.",
            possible=lambda _, effect: effect.is_deleted,
        ),
    )

    @admin.display(description="")
    def picture(self, effect: Effect) -> str:
        if not effect.thumbnail_url:
            return ""
        return format_html('<img src="{}" alt="" width="64" loading="lazy">', effect.thumbnail_url)

    @admin.action(description="Restore deleted effects", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Effect]) -> None:
        for effect in queryset:
            services.restore_effect(effect.pk)
            record("effect.restored", actor=who(request), row=effect.slug)
        self.message_user(request, f"{len(queryset)} effects are in the catalogue.", messages.SUCCESS)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "category":
            kwargs["queryset"] = Category.objects.filter(kind=Category.Kind.EFFECT)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Effect, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_effect(obj, changes=_changes(obj, form))
        else:
            obj.pk = services.create_effect(values=form.cleaned_data).pk
        record_edit(request, "effect.changed" if change else "effect.added", form, obj.slug)

    def delete_model(self, request: HttpRequest, obj: Effect) -> None:
        services.delete_effect(obj)
        record("effect.deleted", actor=who(request), row=obj.slug)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Effect]) -> None:
        for effect in queryset:
            self.delete_model(request, effect)


def _changes(row: Category | Effect, form: forms.ModelForm) -> dict[str, object]:
    """The form has written its values to the row already."""
    return {name: getattr(row, name) for name in changed_columns(row, form)}

"""The catalogue's operations in words."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {
    "Effects": "The catalogue: what a video can be turned into, and what that costs.",
    "Administration: catalogue": "For administrators: effects and categories.",
}

_STAFF = "Administration: catalogue"
_EFFECT = {
    "name": "Oil painting",
    "slug": "oil-painting",
    "type": "video_transform",
    "credits_cost": 10,
    "is_active": True,
    "is_premium": False,
    "is_new": True,
    "popularity_score": 0.5,
}

OPERATIONS = [
    Operation("GET /api/effects", "Effects", "List the effects", "What can be applied now."),
    Operation(
        "GET /api/effects/{slug_or_id}",
        "Effects",
        "Get an effect",
        "One effect by slug or id, with the properties that you may set when you apply it (`input_payload`).",
    ),
    Operation(
        "GET /api/categories",
        "Effects",
        "List the categories",
        "Of effects and of products; `kind:=effect` or `kind:=product` asks for one of the two.",
    ),
    Operation("GET /api/categories/{slug_or_id}", "Effects", "Get a category", "One category by slug or id."),
    Operation("GET /api/admin/effects", _STAFF, "List all effects", "Those that are off or deleted as well."),
    Operation(
        "POST /api/admin/effects",
        _STAFF,
        "Add an effect",
        "`parameters` are the settings of its renders, `configurable_properties` what a user may set of them.",
        request=_EFFECT,
    ),
    Operation(
        "PATCH /api/admin/effects/{effect_id}",
        _STAFF,
        "Change an effect",
        "Changes what is sent. Renders that were submitted before keep what they were submitted with.",
        request={"credits_cost": 12},
    ),
    Operation(
        "DELETE /api/admin/effects/{effect_id}",
        _STAFF,
        "Delete an effect",
        "It leaves the catalogue; its slug stays taken, and it can be restored.",
    ),
    Operation(
        "POST /api/admin/effects/{effect_id}/restore",
        _STAFF,
        "Restore an effect",
        "Brings a deleted effect back into the catalogue.",
    ),
    Operation("GET /api/admin/categories", _STAFF, "List all categories", "With when they were made and changed."),
    Operation("POST /api/admin/categories", _STAFF, "Add a category", "Of effects, or of products (`kind`)."),
    Operation(
        "PATCH /api/admin/categories/{category_id}",
        _STAFF,
        "Change a category",
        "Changes what is sent.",
        request={"sort_order": 2},
    ),
    Operation(
        "DELETE /api/admin/categories/{category_id}",
        _STAFF,
        "Delete a category",
        "Its effects stay, without a category. One that has products can't be deleted.",
        codes="category_in_use",
    ),
]

EXAMPLES: dict[str, object] = {
    "slug": "oil-painting",
    "tags": ["painting"],
    "credits_cost": 10,
    "popularity_score": 0.5,
    "use_count": 17,
    "category_id": 3,
    "effect_id": 7,
    "is_active": True,
    "deleted_at": None,
    "configurable_properties": [],
    "CategoryInputRequest.name": "Painting",
    "CategoryInputRequest.slug": "painting",
    "sort_order": 1,
    **{f"{name}.name": "Painting" for name in ("Category", "CategoryDetail", "CategoryName", "ProductCategory")},
    **{f"{name}.slug": "painting" for name in ("Category", "CategoryDetail", "ProductCategory")},
    **{f"{name}.description": "Like on canvas." for name in ("Category", "CategoryDetail", "ProductCategory")},
    **{
        f"{name}.{member}": value
        for name in ("Effect", "EffectDetail", "EffectName", "EffectReference", "StaffEffect", "StaffEffectList")
        for member, value in (("name", "Oil painting"), ("description", "Broad strokes and warm light."))
    },
    "effect_name": "Oil painting",
    "kind": "effect",
}

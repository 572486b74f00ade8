"""Framework settings of the HTTP layer; ``config.settings`` imports them, so nothing here may read settings."""

from config import VERSION

# Who calls, an app above says: the settings name it.
HTTP: dict[str, object] = {
    "DEFAULT_PERMISSION_CLASSES": ["config.api.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["config.api.envelope.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "config.api.parsers.OrjsonParser",
        "config.api.parsers.BoundedFormParser",
        "config.api.parsers.BoundedMultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.envelope.LenientNegotiation",
    "DEFAULT_THROTTLE_CLASSES": ["config.api.throttling.ScopeThrottle"],
    "DEFAULT_SCHEMA_CLASS": "config.api.schema.EnvelopeSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "config.api.handlers.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
    # Our throttle asks config.api.addresses; one of the framework's own would believe no proxy.
    "NUM_PROXIES": 0,
    # The renderer is the one home of both formats.
    "DATETIME_FORMAT": None,
    "COERCE_DECIMAL_TO_STRING": False,
}

SPECTACULAR_SETTINGS: dict[str, object] = {
    "TITLE": "Mage AI Studio API",
    "DESCRIPTION": "Video effects and AI renders: one envelope, one error shape, one list grammar.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["config.api.permissions.Public"],
    "SCHEMA_PATH_PREFIX": r"/api(/v[0-9]+)?",
    "COMPONENT_SPLIT_REQUEST": True,
    # Enums stay inline: named components of them collide wherever two resources have a "type" or "status".
    "POSTPROCESSING_HOOKS": ["config.api.examples.add_examples"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

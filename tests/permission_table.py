"""Who may call what: one row per route and method. A route without a row fails the test beside this table."""

PUBLIC = """
GET /invitation
GET /reset-password
GET /verify-email
GET /deforumation-qt
GET /gallery
GET /gallery/media/<int:item_id>/<str:name>
GET /effects/media/<str:name>
GET /files/<str:token>/<str:name>
GET /support/requests/<str:token>
GET /uploads/<str:token>
GET /api/schema
GET /api/docs
GET /api/gallery
GET /api/gallery/<int:item_id>
GET /api/effects
GET /api/effects/<str:slug_or_id>
GET /api/categories
GET /api/categories/<str:slug_or_id>
POST /api/auth/register
POST /api/auth/login
POST /api/auth/refresh
POST /api/auth/forgot-password
POST /api/auth/reset-password
POST /api/auth/verify-email
POST /api/auth/two-factor/login
POST /api/v2/register
POST /api/v2/login
POST /api/v2/refresh
POST /api/v2/password-forgot
POST /api/v2/password-reset
POST /api/v2/verify-email
POST /api/register
POST /api/login
POST /api/tenant/invitations/accept
GET /api/<slug:provider>/auth
GET /api/<slug:provider>/callback
GET /api/products
GET /api/products/<int:product_id>
POST /api/webhooks/stripe
GET /api/wallet-types
GET /api/status
GET /api/status/<str:service>
GET /api/csrf-token
GET /api/v1/model-files
POST /api/support-request
"""
"""Everybody."""

SIGNED_IN = """
POST /api/gallery/<int:item_id>/like
DELETE /api/gallery/<int:item_id>/like
POST /api/gallery/<int:item_id>/report
POST /api/gallery/<int:item_id>/remix
POST /api/auth/logout
GET /api/auth/me
POST /api/auth/me
PATCH /api/auth/me
POST /api/auth/resend-verification
GET /api/auth/sessions
GET /api/events
DELETE /api/auth/sessions
GET /api/auth/two-factor
POST /api/auth/two-factor/enable
POST /api/auth/two-factor/confirm
POST /api/auth/two-factor/disable
POST /api/v2/logout
GET /api/v2/me
POST /api/v2/me
PATCH /api/v2/me
POST /api/logout
GET /api/me
POST /api/me
PATCH /api/me
GET /api/me/export
POST /api/me/export
GET /api/me/export/<uuid:request_id>
POST /api/me/delete
GET /api/tenant
GET /api/tenant/members
GET /api/categories/by-user-id
GET /api/categories/by-user-id/<int:user_id>
POST /api/products
GET /api/products/get-products-for-user
PUT /api/products/<int:product_id>
PATCH /api/products/<int:product_id>
DELETE /api/products/<int:product_id>
POST /api/orders
GET /api/orders/purchases
GET /api/orders/sales
PATCH /api/orders/confirm-order
GET /api/orders/<int:order_id>
GET /api/orders/<int:order_id>/receipt
POST /api/payment/create-intent
GET /api/wallet
GET /api/user-wallets
POST /api/user-wallets
PUT /api/user-wallets
GET /api/user-wallets/by-wallet-type-id/<int:wallet_type_id>
GET /api/finance-operations
POST /api/finance-operations
PATCH /api/finance-operations/change-finance-operation-status
POST /api/upload
POST /api/generate
POST /api/finalize
GET /api/queue
GET /api/video-jobs/processing/status
GET /api/video-jobs/processing/queue
GET /api/ai-jobs
POST /api/ai-jobs
POST /api/ai-jobs/estimate
GET /api/ai-jobs/<int:job_id>
POST /api/ai-jobs/<int:job_id>/cancel
GET /api/videos
POST /api/videos
POST /api/videos/uploads
GET /api/files/<int:file_id>
POST /api/files/<int:file_id>/complete
GET /api/v1/presets
POST /api/v1/deforum-settings
POST /api/chats
GET /api/chats/get-chats-by-current-user
GET /api/chats/get-chat-by-user-id/<int:user_id>
GET /api/chats/<int:chat_id>
POST /api/chats/<int:chat_id>/read
POST /api/messages
GET /api/messages/updates
GET /api/messages/get-messages-by-chat-id/<int:chat_id>
DELETE /api/messages/<int:message_id>
GET /api/blocked-users
POST /api/blocked-users/<int:user_id>
DELETE /api/blocked-users/<int:user_id>
PATCH /api/support-request/status-update
GET /api/support-request/<int:request_id>
POST /api/support-requests
GET /api/support-request-messages/<int:request_id>
POST /api/send-support-request-message
"""
"""Everybody with a token, each on the own rows; strangers' rows are the tests of the apps."""

STAFF = """
GET /api/admin/effects
POST /api/admin/effects
PATCH /api/admin/effects/<int:effect_id>
DELETE /api/admin/effects/<int:effect_id>
POST /api/admin/effects/<int:effect_id>/restore
GET /api/admin/categories
POST /api/admin/categories
PATCH /api/admin/categories/<int:category_id>
DELETE /api/admin/categories/<int:category_id>
GET /api/administration/users
PATCH /api/administration/admin-reset-user-password
PATCH /api/administration/change-user-data
PATCH /api/administration/change-password
GET /api/admin/users
GET /api/admin/users/<int:user_id>
GET /api/administration/finance-operations/get-all
GET /api/administration/orders
PATCH /api/administration/orders/change-order-status
GET /api/admin/users/<int:user_id>/purchases
GET /api/admin/users/<int:user_id>/tokens
GET /api/admin/analytics/token-spending
POST /api/administration/support-requests
"""
"""Administrators and super administrators."""

TENANT_OWNERS = """
GET /api/tenant/invitations
PATCH /api/tenant
POST /api/tenant/invitations
"""
"""Owners, each of the own tenant: a mere member of it is refused."""

OWNED: dict[str, tuple[str, str, str]] = {
    "GET /status/<int:video_id>": ("403", "404", "staff"),
    "DELETE /api/auth/sessions/<uuid:session_id>": ("404", "404", "404"),
    "PATCH /api/tenant/members/<int:user_id>": ("403", "404", "404"),
    "DELETE /api/tenant/members/<int:user_id>": ("403", "404", "404"),
    "DELETE /api/tenant/invitations/<int:invitation_id>": ("403", "404", "404"),
    "DELETE /api/user-wallets/<int:wallet_id>": ("404", "404", "404"),
    "GET /api/finance-operations/<int:operation_id>": ("404", "404", "staff"),
    "PUT /api/finance-operations/<int:operation_id>": ("404", "404", "staff"),
    "POST /api/cancelJob/<int:video_id>": ("403", "404", "404"),
    "GET /api/videos/<int:video_id>": ("403", "404", "404"),
    "PATCH /api/videos/<int:video_id>": ("403", "404", "404"),
    "DELETE /api/videos/<int:video_id>": ("403", "404", "404"),
    "POST /api/videos/<int:video_id>/publish": ("403", "404", "404"),
    "POST /api/videos/<int:video_id>/unpublish": ("403", "404", "404"),
    "GET /api/status/<int:video_id>": ("403", "404", "staff"),
    "GET /api/v1/deforum-settings/<int:video_id>": ("403", "404", "404"),
}
"""The owner's rows: what a colleague of the same tenant, a stranger, and staff of another tenant are answered.

``staff``: what the owner is.
"""

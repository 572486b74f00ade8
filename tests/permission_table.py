"""Who may call what: a line per route and method, and per row that its path can name.

A route without a line fails the test beside these tables. The rows are made by ``permission_rows``.
"""

PUBLIC = """
GET /invitation
POST /invitation
GET /reset-password
POST /reset-password
GET /verify-email
POST /verify-email
GET /deforumation-qt
GET /gallery
GET /api/schema
GET /api/docs
GET /api/gallery
GET /api/effects
GET /api/categories
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
GET /api/products
POST /api/webhooks/stripe
GET /api/wallet-types
GET /api/status
GET /api/csrf-token
GET /api/v1/model-files
POST /api/support-request
"""
"""Everybody."""

SIGNED_IN = """
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
POST /api/me/delete
GET /api/tenant
GET /api/tenant/members
GET /api/categories/by-user-id
POST /api/products
GET /api/products/get-products-for-user
POST /api/orders
GET /api/orders/purchases
GET /api/orders/sales
PATCH /api/orders/confirm-order
POST /api/payment/create-intent
GET /api/wallet
GET /api/user-wallets
POST /api/user-wallets
PUT /api/user-wallets
GET /api/finance-operations
POST /api/finance-operations
PATCH /api/finance-operations/change-finance-operation-status
POST /api/upload
POST /api/generate
POST /api/finalize
GET /api/queue
GET /api/steering
GET /api/video-jobs/processing/status
GET /api/video-jobs/processing/queue
GET /api/ai-jobs
POST /api/ai-jobs
POST /api/ai-jobs/estimate
GET /api/videos
POST /api/videos
POST /api/videos/uploads
GET /api/v1/presets
POST /api/v1/deforum-settings
POST /api/v1/schedules
POST /api/chats
GET /api/chats/get-chats-by-current-user
POST /api/messages
GET /api/messages/updates
GET /api/blocked-users
PATCH /api/support-request/status-update
POST /api/support-requests
POST /api/send-support-request-message
"""
"""Everybody with a token, each on the own rows."""

STAFF = """
GET /api/admin/effects
POST /api/admin/effects
GET /api/admin/categories
POST /api/admin/categories
GET /api/administration/users
PATCH /api/administration/admin-reset-user-password
PATCH /api/administration/change-user-data
PATCH /api/administration/change-password
GET /api/admin/users
GET /api/administration/finance-operations/get-all
GET /api/administration/orders
PATCH /api/administration/orders/change-order-status
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

TENANT_WIDE = {"GET /api/tenant/members", "GET /api/v1/presets"}
"""What tells something of a member to the others."""

ACTORS = ("nobody", "owner", "colleague", "stranger", "staff", "chief")
"""Somebody without a token; whose the row is; a mere member of the same tenant; and of other tenants a user, an
administrator, a super administrator."""

ROWS = """
200 200 200 200 200 200  GET /gallery/media/<int:item_id>/<str:name> item-media
404 404 404 404 404 404  GET /gallery/media/<int:item_id>/<str:name> hidden-item-media
200 200 200 200 200 200  GET /effects/media/<str:name> effect-media
200 200 200 200 200 200  GET /files/<str:token>/<str:name> file-link
404 404 404 404 404 404  GET /files/<str:token>/<str:name> wrong-file-link
200 200 200 200 200 200  GET /frames/<str:token> frame-link
404 404 404 404 404 404  GET /frames/<str:token> wrong-frame-link
200 200 200 200 200 200  GET /frames/<str:token>/<int:frame> reel-link
404 404 404 404 404 404  GET /frames/<str:token>/<int:frame> wrong-reel-link
200 200 200 200 200 200  PUT /uploads/<str:token> upload-link
403 403 403 403 403 403  PUT /uploads/<str:token> wrong-link
200 200 200 200 200 200  GET /support/requests/<str:token> support-link
302 302 302 302 302 302  POST /support/requests/<str:token> support-link {"text": "And then?"}
404 404 404 404 404 404  GET /support/requests/<str:token> wrong-link
404 404 404 404 404 404  POST /support/requests/<str:token> wrong-link {"text": "And then?"}
200 200 200 200 200 200  GET /api/<slug:provider>/auth provider
422 422 422 422 422 422  GET /api/<slug:provider>/callback provider
200 200 200 200 200 200  GET /api/status/<str:service> service
200 200 200 200 200 200  GET /api/effects/<str:slug_or_id> effect
404 404 404 404 404 404  GET /api/effects/<str:slug_or_id> inactive-effect
404 404 404 404 404 404  GET /api/effects/<str:slug_or_id> deleted-effect
200 200 200 200 200 200  GET /api/categories/<str:slug_or_id> category
401 403 403 403 200 200  PATCH /api/admin/effects/<int:effect_id> effect {"name": "Changed"}
401 403 403 403 200 200  DELETE /api/admin/effects/<int:effect_id> effect
401 403 403 403 200 200  POST /api/admin/effects/<int:effect_id>/restore deleted-effect
401 403 403 403 200 200  PATCH /api/admin/categories/<int:category_id> category {"name": "Changed"}
401 403 403 403 200 200  DELETE /api/admin/categories/<int:category_id> category
200 200 200 200 200 200  GET /api/gallery/<int:item_id> item
404 404 404 404 404 404  GET /api/gallery/<int:item_id> hidden-item
401 200 200 200 200 200  POST /api/gallery/<int:item_id>/like item
401 404 404 404 404 404  POST /api/gallery/<int:item_id>/like hidden-item
401 200 200 200 200 200  DELETE /api/gallery/<int:item_id>/like item
401 404 404 404 404 404  DELETE /api/gallery/<int:item_id>/like hidden-item
401 200 200 200 200 200  POST /api/gallery/<int:item_id>/report item {"reason": "spam"}
401 404 404 404 404 404  POST /api/gallery/<int:item_id>/report hidden-item {"reason": "spam"}
401 200 200 200 200 200  POST /api/gallery/<int:item_id>/remix item
401 404 404 404 404 404  POST /api/gallery/<int:item_id>/remix hidden-item
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/events job
401 200 404 404 404 404  DELETE /api/auth/sessions/<uuid:session_id> session
401 200 404 404 404 404  GET /api/me/export/<uuid:request_id> export
401 403 403 403 200 200  GET /api/admin/users/<int:user_id> user
401 403 403 403 200 200  GET /api/admin/users/<int:user_id>/purchases user
401 403 403 403 200 200  GET /api/admin/users/<int:user_id>/tokens user
401 200 403 404 404 404  PATCH /api/tenant/members/<int:user_id> member {"role": "owner"}
401 200 403 404 404 404  DELETE /api/tenant/members/<int:user_id> member
401 200 403 404 404 404  DELETE /api/tenant/invitations/<int:invitation_id> invitation
401 200 200 200 200 200  GET /api/categories/by-user-id/<int:user_id> user
200 200 200 200 200 200  GET /api/products/<int:product_id> product
401 200 403 403 200 200  PUT /api/products/<int:product_id> product {"categoryId": "$shelf", "name": "x", "price": 1}
401 200 403 403 200 200  PATCH /api/products/<int:product_id> product
401 200 403 403 200 200  DELETE /api/products/<int:product_id> product
404 200 404 404 200 200  GET /api/products/<int:product_id> off-sale
401 200 404 404 200 200  PUT /api/products/<int:product_id> off-sale {"categoryId": "$shelf", "name": "x", "price": 1}
401 200 404 404 200 200  PATCH /api/products/<int:product_id> off-sale
401 200 404 404 200 200  DELETE /api/products/<int:product_id> off-sale
401 200 404 404 200 200  GET /api/orders/<int:order_id> order
401 200 404 404 200 200  GET /api/orders/<int:order_id>/receipt order
401 200 200 200 200 200  GET /api/user-wallets/by-wallet-type-id/<int:wallet_type_id> wallet-type
401 200 404 404 404 404  DELETE /api/user-wallets/<int:wallet_id> wallet
401 200 404 404 200 200  GET /api/finance-operations/<int:operation_id> operation
401 200 404 404 200 200  PUT /api/finance-operations/<int:operation_id> operation {"cancelInfo": "Changed"}
401 200 403 404 200 200  GET /status/<int:video_id> video
401 200 403 404 200 200  GET /api/status/<int:video_id> video
401 200 403 404 404 404  POST /api/cancelJob/<int:video_id> queued-video
401 200 403 404 404 404  GET /api/videos/<int:video_id> video
401 200 403 404 404 404  PATCH /api/videos/<int:video_id> video {"title": "Changed"}
401 204 403 404 404 404  DELETE /api/videos/<int:video_id> video
401 200 403 404 404 404  POST /api/videos/<int:video_id>/publish video
401 200 403 404 404 404  POST /api/videos/<int:video_id>/unpublish published-video
401 200 403 404 404 404  GET /api/v1/deforum-settings/<int:video_id> video
401 200 403 404 404 404  GET /api/ai-jobs/<int:job_id> queued-job
401 200 403 404 404 404  POST /api/ai-jobs/<int:job_id>/cancel queued-job
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/steering queued-job
401 200 404 404 403 403  POST /api/video-jobs/<int:job_id>/control queued-job {"action": "take"}
401 201 404 404 403 403  POST /api/video-jobs/<int:job_id>/commands steered-job
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/commands steered-job
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/frames steered-job
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/frames/<int:frame> steered-frame
401 200 404 404 200 200  GET /api/video-jobs/<int:job_id>/record steered-job
401 200 403 404 404 404  GET /api/files/<int:file_id> file
401 200 403 404 404 404  POST /api/files/<int:file_id>/complete sent-upload
401 200 200 200 200 200  GET /api/chats/get-chat-by-user-id/<int:user_id> user
401 200 404 404 404 404  GET /api/chats/<int:chat_id> chat
401 200 404 404 404 404  POST /api/chats/<int:chat_id>/read chat
401 200 404 404 404 404  GET /api/messages/get-messages-by-chat-id/<int:chat_id> chat
401 200 404 404 404 404  DELETE /api/messages/<int:message_id> message
401 200 200 200 200 200  POST /api/blocked-users/<int:user_id> peer
401 200 200 200 200 200  DELETE /api/blocked-users/<int:user_id> block
401 200 404 404 200 200  GET /api/support-request/<int:request_id> request
401 200 404 404 200 200  GET /api/support-request-messages/<int:request_id> request
"""
"""What each actor is answered about a row of the owner's: six statuses, the route, which row, what is sent.

Another tenant's row is a 404 unless it is public, a colleague's video or file a 403. ``$row`` stands for a row's id.
"""

REFERENCES = """
401 200 200 200 200 200  GET /api/videos?id:=$video
401 200 200 200 200 200  GET /api/queue?id:=$video
401 200 200 200 200 200  GET /api/ai-jobs?video_id:=$video
401 200 200 200 200 200  GET /api/finance-operations?id:=$operation
401 200 200 200 200 200  GET /api/user-wallets?id:=$wallet
401 200 200 200 200 200  GET /api/orders/purchases?orderId=$order
401 200 200 200 200 200  GET /api/orders/sales?orderId=$order
200 200 200 200 200 200  GET /api/products?seller_id:=$user
401 200 200 200 200 200  GET /api/messages/updates?after=0
401 200 200 200 200 200  GET /api/messages/get-messages-by-chat-id/$own-chat?author_id:=$user
401 200 200 200 200 200  POST /api/support-requests {"id": "$request"}
401 403 403 403 200 200  POST /api/administration/support-requests {"userId": "$user"}
401 403 403 403 200 200  PATCH /api/administration/admin-reset-user-password {"id": "$user"}
401 403 403 403 200 200  PATCH /api/administration/change-user-data {"id": "$user", "login": "Changed"}
401 403 403 403 403 200  PATCH /api/administration/change-user-data {"id": "$chief", "login": "Changed"}
401 403 403 403 403 200  PATCH /api/administration/admin-reset-user-password {"id": "$chief"}
401 403 403 403 200 200  PATCH /api/administration/orders/change-order-status {"id": "$order", "status": "finished"}
401 422 422 422 422 422  POST /api/orders {"productId": "$off-sale", "payment_method": "cash"}
401 200 404 404 404 404  PATCH /api/orders/confirm-order {"orderId": "$order"}
401 200 404 404 404 404  POST /api/payment/create-intent {"orderId": "$card-order"}
401 200 404 404 404 404  POST /api/payment/create-intent {"financeOperationId": "$operation"}
401 200 404 404 404 404  PUT /api/user-wallets {"id": "$wallet", "info": "Changed"}
401 200 422 422 200 200  POST /api/finance-operations {"walletId": "$wallet", "money": 1, "type": 1}
401 403 404 404 200 200  PATCH /api/finance-operations/change-finance-operation-status {"id": "$operation", "status": 2}
401 200 404 404 200 200  PATCH /api/finance-operations/change-finance-operation-status {"id": "$operation", "status": 4}
401 200 403 404 404 404  POST /api/generate {"videoId": "$video", "type": "deforum", "prompt": "x"}
401 200 422 422 422 422  POST /api/generate {"extendFromJobId": "$video", "type": "deforum"}
401 200 422 422 422 422  POST /api/generate {"extendFromJobId": "$job", "type": "deforum"}
401 200 200 422 422 422  POST /api/generate {"preset": "$preset", "type": "deforum", "prompt": "x"}
401 200 403 404 404 404  POST /api/finalize {"videoId": "$previewed-video"}
401 200 403 404 404 404  POST /api/ai-jobs {"effect_id": "$dream", "video_id": "$video"}
401 200 403 404 404 404  POST /api/ai-jobs {"effect_id": "$effect", "input_file_id": "$file"}
401 200 403 404 404 404  POST /api/ai-jobs {"effect_id": "$effect", "input_file_id": "$sent-upload"}
401 200 403 404 404 404  POST /api/ai-jobs {"effect_id": "$dream", "input_payload": {"backdrop": "$picture"}}
401 200 403 404 404 404  POST /api/ai-jobs/estimate {"effect_id": "$dream", "video_id": "$video"}
401 200 403 404 404 404  POST /api/ai-jobs/estimate {"effect_id": "$effect", "input_file_id": "$file"}
401 201 403 404 404 404  POST /api/videos {"effect_id": "$effect", "original_file_id": "$file"}
401 201 403 404 404 404  POST /api/videos {"effect_id": "$effect", "original_file_id": "$other-upload"}
401 201 404 404 404 404  POST /api/messages {"chatId": "$chat", "message": "Hello"}
401 201 403 404 404 404  POST /api/messages {"chatId": "$own-chat", "attachmentId": "$file"}
401 201 403 404 404 404  POST /api/messages {"chatId": "$own-chat", "attachmentId": "$video", "attachmentType": "video"}
401 200 404 404 404 404  POST /api/chats/$own-chat/read {"messageId": "$message"}
422 201 404 404 201 201  POST /api/support-request {"text": "Help", "orderId": "$order"}
422 201 403 404 404 404  POST /api/support-request {"text": "Help", "videoId": "$video"}
422 201 403 404 404 404  POST /api/support-request {"text": "Help", "attachmentIds": ["$file"]}
401 201 404 404 201 201  POST /api/send-support-request-message {"supportRequestId": "$request", "text": "x"}
401 201 403 404 404 404  POST /api/send-support-request-message \
    {"supportRequestId": "$own-request", "text": "x", "attachmentIds": ["$file"]}
401 200 404 404 200 200  PATCH /api/support-request/status-update {"requestId": "$request", "requestStatusId": 2}
401 403 404 404 200 200  PATCH /api/support-request/status-update {"requestId": "$request", "requestStatusId": 4}
"""
"""The same for rows that the query or the body names. ``$own-`` and a row is one of whoever calls."""

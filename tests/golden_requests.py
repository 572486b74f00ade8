"""What is asked for the golden answers beside what the permission tables ask: bodies that are not refused.

A few are: what they need is mailed, or made by an app on a phone. ``$row`` stands for a row's id, as there.
"""

NOBODY = """
POST /api/auth/register {"email": "new@example.com", "password": "%", "password_confirmation": "%"}
POST /api/v2/register {"data": {"attributes": {"email": "new@example.com", "password": "%", \
    "password_confirmation": "%"}}}
POST /api/register {"name": "Ann", "email": "new@example.com", "password": "%", "c_password": "%"}
POST /api/auth/login {"email": "stranger@example.com", "password": "%"}
POST /api/v2/login {"email": "stranger@example.com", "password": "%"}
POST /api/login {"email": "stranger@example.com", "password": "%"}
POST /api/auth/login {"email": "stranger@example.com", "password": "wrong"}
POST /api/auth/forgot-password {"email": "stranger@example.com"}
POST /api/v2/password-forgot {"email": "stranger@example.com"}
POST /api/auth/refresh {"refresh_token": "none"}
POST /api/v2/refresh {}
POST /api/auth/reset-password {"email": "stranger@example.com", "token": "none", "password": "%", \
    "password_confirmation": "%"}
POST /api/v2/password-reset {}
POST /api/auth/verify-email {"id": 1, "hash": "none"}
POST /api/v2/verify-email {}
POST /api/auth/two-factor/login {"challenge": "none", "code": "123456"}
POST /api/tenant/invitations/accept {"token": "none"}
POST /api/webhooks/stripe {"id": "none"}
POST /api/support-request {"text": "Help", "subject": 0, "login": "Ann", "email": "ann@example.com"}
POST /api/support-request {}
GET /api/videos
GET /api/nothing
"""
OWNER = """
POST /api/auth/logout
POST /api/v2/logout
POST /api/logout
POST /api/auth/me {"name": "Changed"}
PATCH /api/auth/me {"name": "Changed"}
POST /api/v2/me {"name": "Changed"}
PATCH /api/v2/me {"name": "Changed"}
POST /api/me {"name": "Changed"}
PATCH /api/me {"name": "Changed", "email": "no address"}
POST /api/auth/resend-verification
DELETE /api/auth/sessions
POST /api/auth/two-factor/enable {"current_password": "%"}
POST /api/auth/two-factor/confirm {"code": "123456"}
POST /api/auth/two-factor/disable {"code": "123456"}
POST /api/me/export
POST /api/me/delete {"password": "%"}
PATCH /api/tenant {"name": "Changed"}
POST /api/tenant/invitations {"email": "new@example.com"}
POST /api/products {"categoryId": "$shelf", "name": "Poster", "price": 9.99, "availability": 3}
POST /api/orders {"items": [{"productId": "$product", "quantity": 2}], "payment_method": "bank_transfer"}
POST /api/orders {"items": [{"productId": "$product", "quantity": 0}], "payment_method": "barter"}
POST /api/user-wallets {"walletTypeId": "$wallet-type", "info": "account 123456"}
PUT /api/user-wallets {"id": "$wallet", "info": "account 123456"}
POST /api/finance-operations {"walletId": "$wallet", "money": 20, "type": 1, "info": "top-up"}
POST /api/generate {"type": "vid2vid", "videoId": "$video", "prompt": "a fox", "seed": 7, "wishes": 3}
POST /api/generate {"type": "deforum", "prompt": "a sea", "preset": "orbit", "seed": 7, "length": 1, "fps": 12}
POST /api/generate {"type": "deforum", "prompt": 5, "steps": 100000, "cfgScale": "high", \
    "schedules": {"zoom": "0:(x)"}}
POST /api/finalize {"videoId": "$previewed-video", "seed": 8}
POST /api/ai-jobs {"effect_id": "$dream", "priority": 5}
POST /api/ai-jobs/estimate {"effect_id": "$dream"}
POST /api/videos {"effect_id": "$effect", "original_file_id": "$file", "title": "Harbour"}
POST /api/videos/uploads {"effect_id": "$effect", "mime_type": "video/mp4", "original_filename": "clip.mp4", \
    "size": 1048576}
POST /api/v1/deforum-settings {"settings": {"max_frames": 24, "zoom": "0: (1.02)", "prompts": {"0": "a sea"}, \
    "wishes": 3}}
POST /api/v1/schedules {"schedules": {"zoom": "0:(1), 4:(2)"}, "frames": 5}
POST /api/chats {"recipientUserId": "$chief"}
POST /api/messages {"chatId": "$chat", "message": "Hello"}
POST /api/support-requests {"statusId": 1, "page": 1, "perPage": 20}
POST /api/upload
"""
CHIEF = """
POST /api/admin/effects {"name": "Oil", "slug": "oil", "type": "video_transform", "credits_cost": 10, \
    "is_active": true, \
    "is_premium": false, "is_new": true, "popularity_score": 0.5, "parameters": {"prompt": "oil", "denoising": 0.4}}
POST /api/admin/effects {"slug": "1", "parameters": {"wishes": 3}}
POST /api/admin/categories {"name": "Painting", "slug": "painting", "sort_order": 1}
PATCH /api/administration/change-password {"currentPassword": "%", "newPassword": "a new %", \
    "confirmNewPassword": "a new %"}
POST /api/administration/support-requests {"statusId": 1}
"""

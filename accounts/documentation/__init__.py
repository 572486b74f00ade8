"""The account operations in words: signing in, the own account, the workspace, the administration of users."""

from __future__ import annotations

from accounts.documentation import administration, signing_in, workspace
from config.api.documentation import Operation

TAGS: dict[str, str] = {**signing_in.TAGS, **workspace.TAGS, **administration.TAGS}
OPERATIONS: list[Operation] = [*signing_in.OPERATIONS, *workspace.OPERATIONS, *administration.OPERATIONS]

EXAMPLES: dict[str, object] = {
    "email": "ada@example.com",
    "name": "Ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "login": "Ada",
    "roles": ["user"],
    "password": "a long harbour walk",
    "password_confirmation": "a long harbour walk",
    "c_password": "a long harbour walk",
    "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiNDIifQ.c2lnbmF0dXJl",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl",
    "expires_in": 3600,
    "token_type": "Bearer",
    "domain": "ada-42.studio.example.com",
    "db_pool": "tenant_pool_01",
    "challenge": "eyJ1c2VyIjo0Mn0:1tKx9a:c2lnbmF0dXJl",
    "code": "492039",
    "recovery_codes": ["4f1c20a9", "77b0c1de"],
    "recovery_codes_left": 10,
    "hash": "6f2a9c1b7d",
    "secret": "JBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/Mage%20AI%20Studio:ada@example.com?secret=JBSWY3DPEHPK3PXP",
    "Setup.uri": "otpauth://totp/Mage%20AI%20Studio:ada@example.com?secret=JBSWY3DPEHPK3PXP",
    "Address.url": "https://github.com/login/oauth/authorize?client_id=studio&state=x1",
    "address": "203.0.113.7",
    "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/146.0",
    "kind": "export",
    "DataRequest.status": "waiting",
    "Workspace.name": "Ada's studio",
    "AcceptRequest.token": "eyJpbnZpdGF0aW9uIjo3fQ:1tKx9a:c2lnbmF0dXJl",
    "ResetRequest.token": "cx1-0f2e6b7a9c",
    "PatchedTenantNameRequest.name": "Lovelace Films",
    "currentPassword": "a long harbour walk",
    "newPassword": "an even longer walk",
    "confirmNewPassword": "an even longer walk",
}

"""The statements of ``bench.filled``: ``:rows`` stands for how many."""

from __future__ import annotations

RARE = "axolotl"
"""A word that seven titles and prompts have, however many there are."""

_WORDS = (
    "ARRAY['forest','river','city','night','portrait','dance','robot','ocean','winter','castle','street','neon',"
    "'garden','horse','train','desert','mountain','market','storm','island']"
)
_STYLES = "ARRAY['watercolour','anime','oil painting','pencil','clay','pixel art','comic','stained glass']"


def _text(n: str) -> str:
    """Two common words and a style; sometimes the rare word."""
    rare = f"CASE WHEN {n} % greatest(1, :rows / 7) = 1 THEN ' {RARE}' ELSE '' END"
    return (
        f"({_WORDS})[1 + {n} % 20] || ' ' || ({_WORDS})[1 + {n} / 20 % 20] || ' ' || ({_STYLES})[1 + {n} % 8] || {rare}"
    )


def _when(n: str) -> str:
    """Two years, in the order of the keys."""
    return f"now() - (:rows - {n}) * (interval '730 days' / :rows)"


# The first user has thirty thousand of a million rows, the hundredth a few hundred, every other one few or none.
_OWNER = "1000 + 1 + floor(:rows * power(random(), 4))::bigint"
_SERIES = "(SELECT n, {owner} AS owner FROM generate_series(1, :rows) AS n) AS s"
_OWNED = f"{_SERIES.format(owner=_OWNER)} JOIN accounts_user AS person ON person.id = s.owner"

STATEMENTS = {
    "catalogue": """
INSERT INTO studio_modelfile (id, name, slug, description, version, family, model_type, location, preview_url, enabled,
    is_default, price_per_frame, max_pixels, steps, scheduler, created_at, updated_at)
SELECT 1000 + n, 'Model ' || n, 'bench-model-' || n, '', '', 'sd15', 'checkpoint', 'bench', '', true, false, 1, 262144,
    20, '', now(), now() FROM generate_series(1, 5) AS n;
INSERT INTO commerce_wallettype (id, kind, name, wallet_symbol, currency, created_at)
VALUES (1001, 'custom', 'Bench credits', 'B', 'credits', now());
""",
    "tenants": f"""
INSERT INTO tenants_tenant (id, name, slug, domain, db_pool, created_at)
SELECT 1000 + n, 'Company ' || n, 'company-' || n, 'company-' || n || '.example.com', 'default', {_when("n")}
FROM generate_series(1, :rows) AS n;
""",
    "users": f"""
INSERT INTO accounts_user (id, email, name, first_name, last_name, role, tenant_id, tenant_role, is_active, password,
    email_verified_at, created_at, updated_at)
SELECT 1000 + n, 'person' || n || '@mail' || n % 50 || '.example.com', ({_WORDS})[1 + n % 20] || ' Person ' || n, '',
    '', 0, 1000 + CASE WHEN n % 10 = 0 THEN n - 1 ELSE n END, CASE WHEN n % 10 = 0 THEN 'member' ELSE 'owner' END,
    n % 97 <> 0, '!', CASE WHEN n % 5 > 0 THEN now() END, {_when("n")}, {_when("n")}
FROM generate_series(1, :rows) AS n;
""",
    "sessions": f"""
INSERT INTO accounts_loginsession (id, user_id, refresh_jti, rotated_at, former_jtis, user_agent, address, created_at,
    last_seen_at, expires_at)
SELECT gen_random_uuid(), s.owner, md5(n::text), now(), '{{}}', 'Mozilla/5.0', '192.0.2.1', {_when("n")}, {_when("n")},
    {_when("n")} + interval '30 days' FROM {_SERIES.format(owner=_OWNER)};
""",
    "files": f"""
INSERT INTO studio_mediafile (id, tenant_id, owner_id, kind, status, original_filename, mime_type, size, sha256,
    storage_key, width, height, fps, frame_count, duration, has_audio, notes, announced_hash, upload_key, multipart_id,
    rejection, created_at, updated_at)
SELECT 1000 + n, person.tenant_id, person.id, (ARRAY['source','output','still','thumbnail','checkpoint'])[1 + n % 5],
    CASE WHEN n % 200 = 0 THEN 'rejected' ELSE 'ready' END, ({_WORDS})[1 + n % 20] || '-' || n || '.mp4', 'video/mp4',
    100000 + n % 1000000, md5(n::text) || md5((-n)::text), 'bench/' || md5(n::text), 448, 256, '12', 48, 4.0, false,
    '[]', '', '', '', '', {_when("n")}, {_when("n")}
FROM {_OWNED};
""",
    "videos": f"""
INSERT INTO studio_video (id, tenant_id, owner_id, type, title, status, parameters, input_payload, error, source_id,
    output_id, created_at, updated_at)
SELECT 1000 + n, person.tenant_id, person.id, CASE WHEN n % 10 < 8 THEN 'vid2vid' ELSE 'deforum' END, {_text("n")},
    CASE WHEN n > :rows - :rows / 100 THEN 'queued' WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END,
    jsonb_build_object('prompt', 'a ' || {_text("n")} || ' of great beauty, number ' || n), '{{}}', '', 1000 + n,
    CASE WHEN n % 20 > 0 THEN 1000 + n END, {_when("n")}, {_when("n")}
FROM {_OWNED};
""",
    "jobs": """
INSERT INTO studio_renderjob (id, tenant_id, owner_id, video_id, purpose, workflow, provider, model_file_id, parameters,
    plan, status, queue, priority, attempts, productive_attempt, lease_id, lease_expires_at, worker, progress,
    frames_done, frames_reached, frames_total, error, error_code, request_id, cause, output_id, queued_at, started_at,
    finished_at, seconds_per_frame, price)
SELECT v.id, v.tenant_id, v.owner_id, v.id, CASE WHEN v.id % 4 = 0 THEN 'preview' ELSE 'final' END, v.type, 'local',
    1001 + v.id % 5, v.parameters, v.parameters || '{"workflow": "vid2vid"}',
    CASE WHEN v.status = 'queued' AND v.id % 50 = 0 THEN 'running' ELSE v.status END,
    (ARRAY['high', 'medium', 'low'])[1 + v.id % 3], 0, 1, 1,
    CASE WHEN v.status = 'queued' AND v.id % 50 = 0 THEN gen_random_uuid() END,
    CASE WHEN v.status = 'queued' AND v.id % 50 = 0 THEN now() + interval '1 day' END,
    CASE WHEN v.status <> 'queued' THEN 'worker-' || v.id % 1000 ELSE '' END,
    CASE v.status WHEN 'completed' THEN 100 ELSE 0 END, CASE v.status WHEN 'completed' THEN 48 ELSE 0 END, 0, 48,
    CASE v.status WHEN 'failed' THEN 'The source could not be read.' ELSE '' END,
    CASE v.status WHEN 'failed' THEN (ARRAY['source_unreadable', 'out_of_memory'])[1 + (v.id / 20 % 2)::int]
        ELSE '' END,
    md5(v.id::text), '', v.output_id, v.created_at,
    CASE WHEN v.status <> 'queued' OR v.id % 50 = 0 THEN v.created_at + interval '1 minute' END,
    CASE WHEN v.status <> 'queued' THEN v.created_at + interval '3 minutes' END,
    CASE v.status WHEN 'completed' THEN 1.5 END, 10
FROM studio_video AS v WHERE v.id > 1000;
""",
    "gallery": f"""
INSERT INTO gallery_galleryitem (id, video_id, owner_id, owner_name, title, effect_name, effect_slug, category_name,
    tags, keywords, recipe, processed_file_id, thumbnail_file_id, width, height, duration, published_at, moderation,
    moderation_note, views, likes)
SELECT v.id, v.id, v.owner_id, 'Person ' || v.owner_id - 1000, v.title, initcap(({_STYLES})[1 + v.id % 8]),
    replace(({_STYLES})[1 + v.id % 8], ' ', '-'), 'Artistic', ARRAY[({_WORDS})[1 + v.id % 20]],
    ({_WORDS})[1 + v.id % 20],
    '{{}}', v.source_id, v.source_id, 448, 256, 4.0, v.created_at,
    CASE WHEN v.id % 500 = 0 THEN 'hidden' WHEN v.id % 2000 = 1 THEN 'removed' ELSE 'visible' END, '', v.id % 10000,
    v.id % 300
FROM studio_video AS v WHERE v.id > 1000;
INSERT INTO gallery_galleryreport (item_id, user_id, reason, details, created_at, resolved_at)
SELECT 1000 + n, 1001, (ARRAY['spam', 'violence', 'other'])[1 + n % 3], 'It shows a ' || ({_WORDS})[1 + n % 20],
    {_when("n")}, CASE WHEN n % 1000 > 0 THEN now() END
FROM generate_series(1, :rows, 10) AS n;
""",
    "wallets": """
INSERT INTO commerce_wallet (id, tenant_id, user_id, wallet_type_id, kind, currency, balance, held, info, created_at,
    updated_at)
SELECT id, tenant_id, id, 1001, 'custom', 'credits', 100000, 0, '', created_at, created_at
FROM accounts_user WHERE id > 1000;
""",
    "ledger": f"""
INSERT INTO commerce_financeoperation (id, tenant_id, wallet_id, user_id, type, status, amount, balance_after,
    description, reference_type, reference_id, effect_name, idempotency_key, created_at, executed_at, canceled_info)
SELECT 1000 + n, person.tenant_id, person.id, person.id, CASE WHEN n % 10 = 0 THEN 1 ELSE 2 END,
    CASE WHEN n % 5000 = 0 THEN 3 ELSE 2 END, 1 + n % 100, CASE WHEN n % 5000 > 0 THEN 100 END,
    'Render of ' || {_text("n")}, CASE WHEN n % 10 = 0 THEN 'purchase' ELSE 'ai_job' END, 1000 + n, '', 'bench-' || n,
    {_when("n")}, CASE WHEN n % 5000 > 0 THEN {_when("n")} END, ''
FROM {_OWNED};
INSERT INTO commerce_credithold (id, tenant_id, wallet_id, user_id, status, amount, description, reference_type,
    reference_id, effect_name, idempotency_key, created_at, settled_at)
SELECT 1000 + n, person.tenant_id, person.id, person.id,
    CASE WHEN n > :rows - :rows / 100 THEN 'held' ELSE 'captured' END, 10, 'Render',
    'ai_job', 1000 + n, '', 'bench-hold-' || n, {_when("n")},
    CASE WHEN n <= :rows - :rows / 100 THEN {_when("n")} END
FROM {_OWNED};
""",
    "orders": f"""
INSERT INTO commerce_order (id, customer_id, status, payment_method, products_cost, discount, total_cost, currency,
    credits, created_at, paid_at)
SELECT 1000 + n, s.owner, CASE WHEN n % 30 = 0 THEN 'unpaid' WHEN n % 31 = 0 THEN 'canceled' ELSE 'finished' END,
    (ARRAY['stripe', 'balance', 'bank_transfer'])[1 + n % 3], 10, 0, 10, 'USD', 100, {_when("n")},
    CASE WHEN n % 30 > 0 AND n % 31 > 0 THEN {_when("n")} END
FROM {_SERIES.format(owner=_OWNER)};
INSERT INTO commerce_payment (id, provider, intent_id, user_id, order_id, amount, currency, status, refunded_amount,
    last_error, created_at, updated_at)
SELECT id, 'stripe', 'pi_bench_' || id, customer_id, id, 10, 'USD', 'succeeded', 0, '', created_at, created_at
FROM commerce_order WHERE id > 1000 AND payment_method = 'stripe' AND paid_at IS NOT NULL;
INSERT INTO commerce_invoice (order_id, year, serial, issued_at)
SELECT id, extract(year FROM paid_at), id, paid_at FROM commerce_order WHERE id > 1000 AND paid_at IS NOT NULL;
""",
    "messages": f"""
INSERT INTO messaging_chat (id, first_id, second_id, created_at)
SELECT 1000 + n, 1000 + n, 1001 + n, {_when("n")} FROM generate_series(1, greatest(1, :rows / 10)) AS n;
INSERT INTO messaging_message (id, chat_id, author_id, recipient_id, text, created_at)
SELECT 1000 + n, chat, chat + n % 2, chat + 1 - n % 2, 'Look at my ' || {_text("n")}, {_when("n")}
FROM (SELECT n, 1000 + 1 + floor(greatest(1, :rows / 10) * power(random(), 4))::bigint AS chat
      FROM generate_series(1, :rows) AS n) AS s;
INSERT INTO messaging_chatmember (chat_id, user_id, peer_id, last_message_id, unread, read_up_to, peer_read_up_to,
    active_at)
SELECT chat.id, member, chat.first_id + chat.second_id - member, newest.id, 0, coalesce(newest.id, 0),
    coalesce(newest.id, 0), coalesce(newest.created_at, chat.created_at)
FROM messaging_chat AS chat CROSS JOIN LATERAL unnest(ARRAY[chat.first_id, chat.second_id]) AS member
LEFT JOIN LATERAL (SELECT id, created_at FROM messaging_message WHERE chat_id = chat.id ORDER BY id DESC LIMIT 1)
    AS newest ON true
WHERE chat.id > 1000;
""",
    "tickets": f"""
INSERT INTO support_supportrequest (id, author_id, login, email, subject, status, created_at, updated_at)
SELECT 1000 + n, person.id, person.name, person.email, n % 12,
    CASE WHEN n > :rows - :rows / 50 THEN 1 + n % 4 ELSE 2 END,
    {_when("n")}, {_when("n")}
FROM {_OWNED};
INSERT INTO support_supportmessage (request_id, kind, author_id, text, created_at)
SELECT 1000 + n, 'question', NULL, 'My video of a ' || {_text("n")} || ' does not play', {_when("n")}
FROM generate_series(1, :rows) AS n;
""",
    "audit": f"""
INSERT INTO accounts_auditentry (at, event, actor_id, subject_id, address, user_agent, detail)
SELECT {_when("n")}, (ARRAY['login', 'login', 'logout', 'password.changed'])[1 + n % 4], s.owner, s.owner, '192.0.2.7',
    'Mozilla/5.0', '{{}}'
FROM {_SERIES.format(owner=_OWNER)};
""",
    "sequences": "DO $$ DECLARE r record; BEGIN FOR r IN SELECT table_name, column_name FROM "
    "information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES' LOOP EXECUTE format("
    "'SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT coalesce(max(%I), 0) + 1 FROM %I), false)', r.table_name, "
    "r.column_name, r.column_name, r.table_name); END LOOP; END $$",
}

"""The audit: every balance proven from its entries, every hold from what it was held for."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

from commerce.hooks import holds_compared
from tenants.scope import all_tenants

_WRONG = {
    "wallet {} has balance {}, its entries sum to {}": """
        SELECT w.id, w.balance, COALESCE(e.total, 0) FROM commerce_wallet w LEFT JOIN (
            SELECT wallet_id, SUM(CASE type WHEN 1 THEN amount ELSE -amount END) AS total
            FROM commerce_financeoperation WHERE status = 2 GROUP BY wallet_id
        ) e ON e.wallet_id = w.id WHERE w.balance <> COALESCE(e.total, 0)
    """,
    "wallet {} has {} held, its open holds sum to {}": """
        SELECT w.id, w.held, COALESCE(h.total, 0) FROM commerce_wallet w LEFT JOIN (
            SELECT wallet_id, SUM(amount) AS total FROM commerce_credithold WHERE status = 'held' GROUP BY wallet_id
        ) h ON h.wallet_id = w.id WHERE w.held <> COALESCE(h.total, 0)
    """,
    "hold {} is captured and has no ledger entry of {}": """
        SELECT h.id, h.amount FROM commerce_credithold h WHERE h.status = 'captured' AND NOT EXISTS (
            SELECT FROM commerce_financeoperation o WHERE o.idempotency_key = 'hold:' || h.id
              AND o.wallet_id = h.wallet_id AND o.amount = h.amount AND o.type = 2 AND o.status = 2
        )
    """,
    "hold {} is {} and has a ledger entry": """
        SELECT h.id, h.status FROM commerce_credithold h
        JOIN commerce_financeoperation o ON o.idempotency_key = 'hold:' || h.id WHERE h.status <> 'captured'
    """,
    "entry {} belongs to tenant {} and user {}, its wallet does not": """
        SELECT o.id, o.tenant_id, o.user_id FROM commerce_financeoperation o
        JOIN commerce_wallet w ON w.id = o.wallet_id
        WHERE o.tenant_id <> w.tenant_id OR o.user_id <> w.user_id
    """,
    # In whatever order the entries were executed, each starts where another (or nothing) ended.
    "wallet {} has {} entries that do not follow from another": """
        WITH e AS (
            SELECT wallet_id, balance_after, CASE type WHEN 1 THEN amount ELSE -amount END AS change
            FROM commerce_financeoperation WHERE status = 2
        )
        SELECT wallet_id, COUNT(*) FROM (
            (SELECT wallet_id, balance_after - change FROM e UNION ALL SELECT id, balance FROM commerce_wallet)
            EXCEPT ALL (SELECT wallet_id, balance_after FROM e UNION ALL SELECT id, 0 FROM commerce_wallet)
        ) AS loose (wallet_id, balance) GROUP BY wallet_id
    """,
}


def audit() -> list[str]:
    """Every contradiction found, in words; none in a sound ledger."""
    outermost = not connection.in_atomic_block
    with all_tenants():
        with connection.cursor():
            # Opening it tells the session whose rows it may see, which has to precede SET TRANSACTION.
            pass
        with transaction.atomic():
            if outermost:
                with connection.cursor() as cursor:
                    # One snapshot for all queries: a render that ends meanwhile is no contradiction.
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return list(_contradictions())


def _contradictions() -> Iterator[str]:
    for sentence, query in _WRONG.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield sentence.format(*row)
    for compare in holds_compared.values():
        yield from compare()

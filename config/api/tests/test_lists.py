"""The list grammar over HTTP, on real rows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils.http import urlencode

from config.api.models import IdempotencyRecord
from config.api.pagination import list_page
from config.api.tests.toys import RecordList

# key, fingerprint, status, body, created_at
ROWS = [
    ("Cat one", "alpha", 200, None, "2026-01-31T23:59:59.999999"),
    ("cat two", "beta", 201, "text", "2026-02-01T00:00:00"),
    ("dog 100%", "alpha", 202, "text", "2026-02-01T23:59:59.999999"),
    ("Dog_four", "beta", 203, None, "2026-02-02T00:00:00"),
    ("eel", "gamma", 204, "other", "2026-03-01T12:00:00"),
]


@pytest.fixture
def records(user):
    made = IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(user=user, key=key, fingerprint=kind, status=status, body=body)
        for key, kind, status, body, _ in ROWS
    )
    for record, row in zip(made, ROWS, strict=True):
        record.created_at = datetime.fromisoformat(row[4]).replace(tzinfo=UTC)
    IdempotencyRecord.objects.bulk_update(made, ["created_at"])
    return made


def statuses(client, query, path="/api/records"):
    response = client.get(f"{path}?{query}")
    assert response.status_code == 200, response.content
    return sorted(item["status"] for item in response.json()["data"]["items"])


def refused(client, query, path="/api/records"):
    response = client.get(f"{path}?{query}")
    assert response.status_code == 422, response.content
    body = response.json()
    assert (body["success"], body["message"], body["code"]) == (False, "Validation Error", "validation_error")
    return body["data"]


def test_answer_has_the_documented_shape(client, records):
    data = client.get("/api/records?perPage=2").json()
    assert list(data) == ["success", "data", "message"]
    assert data["message"] == "Resources retrieved successfully"
    page = data["data"]
    assert page.pop("nextCursor")
    assert page == {
        "items": [
            {"id": records[4].pk, "key": "eel", "status": 204, "created_at": "2026-03-01T12:00:00.000000Z"},
            {"id": records[3].pk, "key": "Dog_four", "status": 203, "created_at": "2026-02-02T00:00:00.000000Z"},
        ],
        "totalItems": 5,
        "totalPages": 3,
        "page": 1,
        "perPage": 2,
        "order": "created_at:desc",
        "search": "",
        "filters": {},
    }


def test_defaults_and_an_empty_list(client, db):
    page = client.get("/api/records").json()["data"]
    assert (page["items"], page["totalItems"], page["totalPages"], page["page"], page["perPage"]) == ([], 0, 0, 1, 50)


def test_parameters_are_echoed_as_given(client, records):
    query = "status:=200&created_at:between=2026-01-01,2026-12-31&ownerId=1&search=%20cat&order=key:asc,id:desc"
    page = client.get(f"/api/records?{query}").json()["data"]
    assert page["filters"] == {"status:=": "200", "created_at:between": "2026-01-01,2026-12-31", "ownerId": "1"}
    assert (page["search"], page["order"]) == (" cat", "key:asc,id:desc")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status:=201", [201]),
        ("status%3A%3D=201", [201]),
        ("status:not=201", [200, 202, 203, 204]),
        ("status:in=200,204,999", [200, 204]),
        ("status:notin=200, 204", [201, 202, 203]),
        ("status:between=201,203", [201, 202, 203]),
        ("status:greater=202", [203, 204]),
        ("status:greaterorequal=202", [202, 203, 204]),
        ("status:less=202", [200, 201]),
        ("status:lessorequal=202", [200, 201, 202]),
        ("status:greater=201&status:less=204", [202, 203]),
        ("cost:between=201,202.0", [201, 202]),
        ("key:like=CAT", [200, 201]),
        ("key:like=0%25", [202]),
        ("key:like=g_f", [203]),
        ("key:=eel", [204]),
        ("key:not=eel", [200, 201, 202, 203]),
        ("body:isnull=true", [200, 203]),
        ("body:isnull=1", [200, 203]),
        ("body:notnull=0", [200, 203]),
        ("body:isnull=false", [201, 202, 204]),
        ("body:notnull=1", [201, 202, 204]),
        ("body:not=text", [200, 203, 204]),
        ("body:notin=text,other", [200, 203]),
        ("active:=true", [200, 201, 202, 203, 204]),
        ("active:=0", []),
        ("kind:=alpha", [200, 202]),
        ("kind:in=alpha,beta", [200, 201, 202, 203]),
        ("kind:notin=alpha,beta", [204]),
        # A date is its whole day.
        ("created_at:=2026-02-01", [201, 202]),
        ("created_at:not=2026-02-01", [200, 203, 204]),
        ("created_at:in=2026-01-31,2026-02-02", [200, 203]),
        ("created_at:notin=2026-01-31,2026-02-02", [201, 202, 204]),
        ("created_at:between=2026-02-01,2026-02-01", [201, 202]),
        ("created_at:between=2026-01-31,2026-02-01", [200, 201, 202]),
        ("created_at:greater=2026-02-01", [203, 204]),
        ("created_at:greaterorequal=2026-02-01", [201, 202, 203, 204]),
        ("created_at:less=2026-02-01", [200]),
        ("created_at:lessorequal=2026-02-01", [200, 201, 202]),
        # A time is an instant.
        ("created_at:=2026-02-01T00:00:00Z", [201]),
        ("created_at:in=2026-02-01T00:00:00Z,2026-03-01", [201, 204]),
        ("created_at:greater=2026-02-01T00:00:00", [202, 203, 204]),
        ("created_at:lessorequal=2026-02-02T02:00:00%2B02:00", [200, 201, 202, 203]),
        ("created_at:isnull=true", []),
        ("search=cat", [200, 201]),
        ("search=LOVELACE", [200, 201, 202, 203, 204]),
        ("search=0%25", [202]),
        ("search=%20%20", [200, 201, 202, 203, 204]),
        ("unknown=1&categoryId=3", [200, 201, 202, 203, 204]),
        ("ownerId=999999999", []),
    ],
)
def test_filter(client, records, query, expected):
    assert statuses(client, query) == expected


def test_declared_parameter_filters(client, records, user):
    assert len(statuses(client, f"ownerId={user.pk}")) == 5


LONG_LIST = ",".join(map(str, range(101)))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=", "page"),
        ("page=1000000001", "page"),
        ("page=%D9%A1", "page"),
        (f"page={'9' * 5000}", "page"),
        ("perPage=0", "perPage"),
        ("perPage=201", "perPage"),
        ("perPage=1.5", "perPage"),
        ("page=1&page=2", "page"),
        (f"search={'x' * 201}", "search"),
        ("order=key", "order"),
        ("order=key:up", "order"),
        ("order=password:asc", "order"),
        ("order=user__password:asc", "order"),
        ("order=key:asc,key:desc", "order"),
        ("order=key:asc,", "order"),
        ("order=id:asc,key:asc,cost:asc,created_at:asc,id:asc,key:asc", "order"),
        ("password:=x", "password:"),
        ("user__email:like=a", "user__email:like"),
        ("status:near=1", "status:near"),
        ("status:like=1", "status:like"),
        ("active:greater=true", "active:greater"),
        ("a:b:c=1", "a:b:c"),
        ("status:=1&status:=2", "status:"),
        ("status:=", "status:="),
        ("status:=1.5", "status:="),
        ("status:=9223372036854775808", "status:="),
        ("status:in=1,x", "status:in"),
        ("status:in=", "status:in"),
        (f"status:in={LONG_LIST}", "status:in"),
        (f"status:notin={LONG_LIST}", "status:notin"),
        ("status:between=1", "status:between"),
        ("status:between=1,2,3", "status:between"),
        ("cost:=NaN", "cost:="),
        ("cost:=1e999999", "cost:="),
        ("cost:=1,5", "cost:="),
        (f"key:={'x' * 256}", "key:="),
        ("active:=yes", "active:="),
        ("active:=", "active:="),
        ("body:isnull=maybe", "body:isnull"),
        ("body:isnull=", "body:isnull"),
        ("body:notnull=2", "body:notnull"),
        ("kind:=gamma", "kind:="),
        ("created_at:=2026-02-30", "created_at:="),
        ("created_at:=yesterday", "created_at:="),
        ("created_at:=2026-01-01T25:00:00", "created_at:="),
        ("created_at:=9999-12-31", "created_at:="),
        ("created_at:=0001-01-01T00:00:00%2B14:00", "created_at:="),
        ("created_at:between=2026-01-01", "created_at:between"),
        ("ownerId=x", "ownerId"),
        ("cursor=nonsense", "cursor"),
        ("key:=%00", "key:"),
    ],
)
def test_bad_parameter_is_named(client, records, query, parameter):
    assert list(refused(client, query)) == [parameter]


def test_every_bad_parameter_is_named(client, db):
    assert sorted(refused(client, "page=0&perPage=0&order=x&password:=x")) == ["order", "page", "password:", "perPage"]


def test_list_without_search_says_so(client, db):
    assert refused(client, "search=x", "/api/records/unsearchable") == {"search": ["This list can't be searched."]}


def test_instances_are_served_by_a_row_function(client, records):
    response = client.get("/api/records/instances?order=id:asc&perPage=1")
    assert response.json()["data"]["items"] == [{"key": "Cat one"}]


def keys(client, query):
    return [item["key"] for item in client.get(f"/api/records?{query}").json()["data"]["items"]]


def test_order(client, records):
    assert keys(client, "order=cost:desc") == ["eel", "Dog_four", "dog 100%", "cat two", "Cat one"]
    assert keys(client, "order=created_at:asc&perPage=2&page=2") == ["dog 100%", "Dog_four"]
    assert keys(client, "page=4&perPage=2") == []
    assert keys(client, "page=1000000000&perPage=200") == []


def test_ties_are_broken_by_the_primary_key_in_the_same_direction(client, records):
    IdempotencyRecord.objects.update(status=200)
    by_id = [record.key for record in records]
    assert keys(client, "order=cost:asc") == by_id
    assert keys(client, "order=cost:desc") == by_id[::-1]


@pytest.mark.parametrize("order", ["created_at:desc", "created_at:asc", "id:asc", "created_at:desc,id:desc"])
def test_cursor_walks_the_whole_feed(client, records, order):
    # Ties across page borders are where a keyset goes wrong.
    IdempotencyRecord.objects.filter(status__in=(201, 202, 203)).update(created_at=records[1].created_at)
    whole = keys(client, urlencode({"order": order}))
    walked, page, cursor = [], 0, ""
    while cursor is not None:
        query = {"order": order, "perPage": 2} | ({"cursor": cursor} if cursor else {})
        data = client.get(f"/api/records?{urlencode(query)}").json()["data"]
        page += 1
        assert (data["page"], data["totalItems"]) == (page, 5)
        walked += [item["key"] for item in data["items"]]
        cursor = data["nextCursor"]
    assert walked == whole
    assert page == 3


def test_cursor_neither_repeats_nor_skips_when_rows_appear(client, records, user):
    first = client.get("/api/records?perPage=2").json()["data"]
    IdempotencyRecord.objects.create(user=user, key="new", fingerprint="alpha", status=205)
    cursor = urlencode({"cursor": first["nextCursor"]})
    assert keys(client, f"perPage=2&{cursor}") == ["dog 100%", "cat two"]
    assert keys(client, "perPage=2&page=2") == ["Dog_four", "dog 100%"]


def test_cursor_of_another_order_or_hand_is_refused(client, records):
    cursor = client.get("/api/records?perPage=2").json()["data"]["nextCursor"]
    assert "cursor" in refused(client, urlencode({"cursor": cursor, "order": "id:asc"}))
    assert "cursor" in refused(client, urlencode({"cursor": "x" + cursor}))
    assert "cursor" in refused(client, urlencode({"cursor": cursor, "order": "cost:asc"}))
    assert "cursor" in refused(client, urlencode({"cursor": cursor, "order": "created_at:desc,id:asc"}))


def test_order_without_a_cursor_offers_none(client, records):
    assert "nextCursor" not in client.get("/api/records?order=cost:asc&perPage=2").json()["data"]


def test_two_queries_whatever_the_page_size(client, records, django_assert_num_queries):
    for query in ("perPage=1", "perPage=200", "page=3&perPage=2", "search=cat&status:in=200,201&order=key:asc"):
        with django_assert_num_queries(2):
            client.get(f"/api/records?{query}")


def test_cached_count_is_shared_only_by_the_same_rows(client, records, user, django_assert_num_queries):
    assert client.get("/api/records/cached").json()["data"]["totalItems"] == 5
    IdempotencyRecord.objects.create(user=user, key="cat new", fingerprint="alpha", status=205)
    with django_assert_num_queries(1):
        stale = client.get("/api/records/cached?perPage=10&order=id:asc").json()["data"]
    assert (stale["totalItems"], len(stale["items"])) == (5, 6)
    assert client.get("/api/records/cached?search=cat").json()["data"]["totalItems"] == 3
    assert client.get("/api/records/cached?status:=205").json()["data"]["totalItems"] == 1


@pytest.fixture
def many(user):
    """12,000 rows whose status counts up with their id and whose times tie in tens."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO api_idempotencyrecord (user_id, key, fingerprint, status, created_at) "
            "SELECT %s, 'key ' || n, '', n, %s::timestamptz + n / 10 * interval '1 second' "
            "FROM generate_series(0, 11999) n",
            [user.pk, datetime(2026, 1, 1, tzinfo=UTC)],
        )


@pytest.mark.parametrize("page", [1, 101, 200, 201, 239, 240])
def test_far_pages_hold_the_same_rows_as_an_offset(client, many, page):
    data = client.get(f"/api/records?order=created_at:asc&page={page}").json()["data"]
    start = (page - 1) * 50
    assert [item["status"] for item in data["items"]] == list(range(start, start + 50))
    assert (data["nextCursor"] is None) == (page == 240)


def test_last_short_page_and_its_cursor(client, many):
    data = client.get("/api/records?order=id:asc&page=171&perPage=70").json()["data"]
    assert [item["status"] for item in data["items"]] == list(range(11_900, 11_970))
    data = client.get(f"/api/records?{urlencode({'order': 'id:asc', 'perPage': 70, 'cursor': data['nextCursor']})}")
    assert [item["status"] for item in data.json()["data"]["items"]] == list(range(11_970, 12_000))
    assert data.json()["data"]["page"] == 172


def test_far_pages_are_read_from_the_near_end(client, many, django_assert_num_queries):
    with django_assert_num_queries(2) as queries:
        client.get("/api/records?order=created_at:asc&page=240")
    sql = queries.captured_queries[-1]["sql"]
    assert "OFFSET" not in sql
    assert "DESC" in sql


@pytest.mark.parametrize("order", ["created_at:asc", "created_at:desc", "id:asc"])
def test_whoever_turns_far_pages_skips_nothing_twice(many, order, django_assert_num_queries):
    def page(number):
        asked = QueryDict(f"order={order}&page={number}")
        return [
            item["status"]
            for item in list_page(asked, IdempotencyRecord.objects.values(), RecordList, count_key="v1")["items"]
        ]

    rows = range(12_000) if order.endswith("asc") else range(11_999, -1, -1)
    for number in (120, 121, 120, 130, 239, 240):
        start = (number - 1) * 50
        assert page(number) == list(rows[start : start + 50])
    with django_assert_num_queries(2) as queries:
        page(121)
    assert "OFFSET" not in queries.captured_queries[-1]["sql"]


def test_cursor_compares_rows(client, many, django_assert_num_queries):
    cursor = client.get("/api/records").json()["data"]["nextCursor"]
    with django_assert_num_queries(2) as queries:
        client.get(f"/api/records?{urlencode({'cursor': cursor})}")
    table = '"api_idempotencyrecord"'
    sql = queries.captured_queries[-1]["sql"]
    assert f'({table}."created_at", {table}."id") < (' in sql
    assert " OR " not in sql


def test_moments_survive_the_cursor(client, user):
    """Microseconds decide where a page ends."""
    base = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(4):
        record = IdempotencyRecord.objects.create(user=user, key=f"{n}", fingerprint="", status=n)
        IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=base + timedelta(microseconds=n))
    cursor = client.get("/api/records?perPage=2").json()["data"]["nextCursor"]
    assert keys(client, urlencode({"cursor": cursor, "perPage": 2})) == ["1", "0"]

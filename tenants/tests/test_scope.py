"""No query without a scope, none beyond it, and the database refuses what the code forgets."""

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from studio.models import Preset, Video
from tenants.models import is_tenant_model
from tenants.scope import OutsideTenantScope, all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_videos(make_user: UserFactory) -> tuple[Video, Video]:
    videos = []
    for _ in range(2):
        owner = make_user()
        with tenant_scope(owner.tenant):
            videos.append(Video.objects.create(owner=owner, type="deforum"))
    return videos[0], videos[1]


@pytest.mark.parametrize("query", ["all", "exists", "count", "first", "create"])
def test_a_query_outside_a_scope_raises(query: str) -> None:
    with pytest.raises(OutsideTenantScope):
        getattr(Video.objects, query)()


def test_a_scope_sees_its_own_rows_alone(two_videos: tuple[Video, Video]) -> None:
    mine, other = two_videos
    with tenant_scope(mine.tenant_id):
        assert list(Video.objects.all()) == [mine]
        assert not Video.objects.filter(pk=other.pk).exists()
        assert Video.objects.filter(pk=other.pk).update(title="stolen") == 0
    with all_tenants():
        assert set(Video.objects.all()) == {mine, other}


def test_the_database_refuses_what_the_code_forgets(two_videos: tuple[Video, Video]) -> None:
    mine, other = two_videos
    with tenant_scope(mine.tenant_id):
        # The base manager knows no tenants: this is the forgotten filter.
        assert list(Video._base_manager.values_list("pk", flat=True)) == [mine.pk]
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Video._base_manager.create(owner=mine.owner, type="deforum", tenant_id=other.tenant_id)
    assert Video._base_manager.count() == 0


def test_the_manager_keeps_tenants_apart_without_the_database(two_videos: tuple[Video, Video]) -> None:
    mine, other = two_videos
    with connection.cursor() as cursor:
        # Row by row the database no longer looks; the rollback at the test's end lets it look again.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE studio_video NO FORCE ROW LEVEL SECURITY")
    with tenant_scope(mine.tenant_id):
        assert Video._base_manager.count() == 2, "row security is not out of the way"
        assert list(Video.objects.all()) == [mine]
        assert not Video.objects.filter(pk=other.pk).exists()
        assert Video.objects.filter(pk=other.pk).update(title="stolen") == 0
        assert Video.objects.filter(pk=other.pk).delete()[0] == 0
    assert Video._base_manager.get(pk=other.pk).title != "stolen"


def test_every_tenant_owned_model_is_asked_for_the_tenant_in_scope() -> None:
    models = [model for model in apps.get_models() if is_tenant_model(model)]
    assert Video in models
    with tenant_scope(7):
        for model in models:
            sql = str(model._default_manager.all().query)
            assert f'"{model._meta.db_table}"."tenant_id" = 7' in sql, model


def test_a_rolled_back_scope_is_not_believed(two_videos: tuple[Video, Video]) -> None:
    _, other = two_videos
    with transaction.atomic(), tenant_scope(other.tenant_id):
        assert Video._base_manager.count() == 1
        transaction.set_rollback(True)
    # The rollback undid the session setting on the server; the wrapper must send it again.
    with tenant_scope(other.tenant_id):
        assert list(Video._base_manager.values_list("pk", flat=True)) == [other.pk]


def test_every_tenant_owned_table_is_secured() -> None:
    tables = {model._meta.db_table for model in apps.get_models() if is_tenant_model(model)}
    assert "studio_video" in tables
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        forced = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = 'tenant_rows'")
        guarded = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,), "the tests must run as a role that row-level security binds"
    assert tables <= forced
    assert tables <= guarded


def test_every_composite_index_of_a_tenant_owned_table_begins_with_the_tenant() -> None:
    # Those of the queue, of blobs, of the ledger's audit and reports and of the staff's lists serve who looks across
    # tenants on purpose; one wallet, and one render, is of one tenant
    # already.
    across = {
        "renderjob_queued",
        "renderjob_running",
        "renderjob_turn",
        "renderjob_delayed",
        "renderjob_owner_active",
        "renderjob_pace",
        "renderjob_status",
        "renderjob_error",
        "renderjob_request",
        "renderjob_paused",
        "renderjob_failed",
        "renderjob_ended",
        "renderevent_job",
        "steeringcommand_waiting",
        "video_newest",
        "mediafile_newest",
        "mediafile_hash",
        "mediafile_blob",
        "mediafile_expiry",
        "operation_reference",
        "operation_spending",
        "operation_waiting",
        "credithold_reference",
        "credithold_open",
    }
    for model in apps.get_models():
        if is_tenant_model(model):
            for index in model._meta.indexes:
                assert index.name in across or index.fields[0] == "tenant", index.name


def test_built_in_rows_are_read_by_all_and_written_by_none(make_user: UserFactory) -> None:
    with all_tenants():
        shared = Preset.objects.create(tenant=None, name="Orbit", slug="orbit")
    with tenant_scope(make_user().tenant):
        assert Preset.objects.get(slug="orbit") == shared
        assert Preset._base_manager.filter(pk=shared.pk).delete()[0] == 0
        assert Preset.objects.filter(pk=shared.pk).exists()

import pytest


@pytest.fixture(autouse=True)
def toy_api(settings, servers):
    from django.core.cache import cache

    settings.ROOT_URLCONF = "config.api.tests.urls"
    settings.THROTTLES = {}
    # Looks static files up when asked, instead of walking all of them for every test client.
    settings.WHITENOISE_AUTOREFRESH = True
    cache.clear()


@pytest.fixture
def client():
    from rest_framework.test import APIClient

    return APIClient()


@pytest.fixture
def user(db):
    from accounts.models import User
    from tenants.services import create_tenant

    return User.objects.create_user(
        email="ada@example.com", password=None, tenant=create_tenant(name="Ada"), name="Ada Lovelace"
    )


@pytest.fixture
def signed_in(client, user):
    client.force_authenticate(user)
    return client

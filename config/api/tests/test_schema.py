"""The OpenAPI schema says what the API really does."""

import json

import pytest
import yaml
from django.core.management import call_command


@pytest.fixture
def schema(client, db):
    return json.loads(client.get("/api/schema").content)


def success(schema, path, method="get", code="200"):
    return schema["paths"][path][method]["responses"][code]["content"]["application/json"]["schema"]


def test_it_validates_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    assert yaml.safe_load((tmp_path / "schema.yml").read_text())["paths"]


def test_it_comes_as_json_and_as_yaml(client, db, schema):
    response = client.get("/api/schema", headers={"Accept": "application/yaml"})
    assert response.headers["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(response.content)["paths"].keys() == schema["paths"].keys()


def test_success_is_wrapped(schema):
    wrapped = success(schema, "/api/records", "post", "201")
    assert list(wrapped["properties"]) == wrapped["required"] == ["success", "data", "message"]
    assert wrapped["properties"]["data"] == {"$ref": "#/components/schemas/Record"}
    assert success(schema, "/api/login", "post")["properties"]["data"] == {"nullable": True}


def test_list_is_a_page(schema, client):
    page = success(schema, "/api/records")["properties"]["data"]
    assert page["properties"]["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/Record"}}
    answer = client.get("/api/records").json()["data"]
    assert set(page["properties"]) == set(answer)


def test_list_parameters(schema):
    parameters = {p["name"]: p["schema"] for p in schema["paths"]["/api/records"]["get"]["parameters"]}
    assert {"page", "perPage", "search", "order", "cursor", "ownerId", "status:", "created_at:between"} <= set(
        parameters
    )
    assert parameters["perPage"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert "active:like" not in parameters
    assert "search" not in {p["name"] for p in schema["paths"]["/api/records/unsearchable"]["get"]["parameters"]}


def test_idempotency_key_is_documented_where_it_works(schema):
    (parameter,) = schema["paths"]["/api/work"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["schema"]["maxLength"]) == ("Idempotency-Key", "header", 255)
    assert "parameters" not in schema["paths"]["/api/login"]["post"]


def test_errors_and_credentials(schema):
    create = schema["paths"]["/api/records"]["post"]
    assert create["security"] == [{"bearer": []}]
    assert {"400", "401", "413", "415", "422", "429", "500"} <= set(create["responses"])
    assert create["responses"]["422"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
    assert "404" in schema["paths"]["/api/cancelJob/{video_id}"]["post"]["responses"]
    assert {} in schema["paths"]["/api/records"]["get"]["security"]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_docs_need_no_other_site(client, db):
    page = client.get("/api/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://testserver", "")
    assert "https://" not in page.text
    assert "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in page.text


def test_numbers_may_be_texts_and_the_schema_says_so(schema, signed_in):
    quantity = schema["components"]["schemas"]["ItemRequest"]["properties"]["quantity"]
    kinds = {kind["type"]: kind for kind in quantity["anyOf"]}
    assert set(kinds) == {"integer", "string"}
    assert kinds["integer"]["minimum"] == 1
    body = {"c_password": "x", "items": [{"name": "a", "quantity": "5"}]}
    answer = signed_in.post("/api/records", body)
    assert (answer.status_code, answer.json()["data"]["items"][0]["quantity"]) == (201, 5)

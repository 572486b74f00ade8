"""What a form's names and texts stand for."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from rest_framework import serializers

from config.api.bodies import MAX_LIST_LENGTH
from config.api.forms import form_values
from config.api.tests.toys import ItemSerializer


class Everything(serializers.Serializer[Any]):
    whole = serializers.IntegerField(required=False)
    number = serializers.FloatField(required=False, allow_null=True)
    flag = serializers.BooleanField(required=False)
    text = serializers.CharField(required=False, allow_blank=True)
    name = serializers.CharField(required=False)
    note = serializers.CharField(required=False, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    ids = serializers.ListField(child=serializers.IntegerField(), required=False)
    items = ItemSerializer(many=True, required=False)
    item = ItemSerializer(required=False)
    open = serializers.JSONField(required=False)
    needed = serializers.IntegerField()


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("", {}),
        ("whole=5&number=0.5&flag=false", {"whole": 5, "number": 0.5, "flag": False}),
        ("flag=false&flag=true", {"flag": True}),
        ("flag=on&whole=five", {"flag": "on", "whole": "five"}),
        ("text=5&name=true&note=null", {"text": "5", "name": "true", "note": "null"}),
        ("text=&name=&note=", {"text": "", "name": "", "note": None}),
        ("whole=&number=&flag=&needed=&tags=", {"number": None, "needed": ""}),
        ("tags=a", {"tags": ["a"]}),
        ("tags=a&tags=b", {"tags": ["a", "b"]}),
        ("tags[]=a&tags[]=b", {"tags": ["a", "b"]}),
        ("tags[10]=b&tags[9]=a", {"tags": ["a", "b"]}),
        ('tags=["a"]&ids=[1,2]', {"tags": ["a"], "ids": [1, 2]}),
        ("tags=[]&ids=3", {"tags": [], "ids": [3]}),
        ("tags=a,b", {"tags": ["a,b"]}),
        ("items[0][name]=a&items[0][quantity]=2", {"items": [{"name": "a", "quantity": 2}]}),
        ('items={"name":"a"}', {"items": [{"name": "a"}]}),
        ("item[name]=5&item[other]=6", {"item": {"name": "5", "other": "6"}}),
        ("open[a]=5&open[b]=x&open[c][]=1", {"open": {"a": 5, "b": "x", "c": [1]}}),
        ("open[a]=null&open[b]=true&open[c]=01", {"open": {"a": None, "b": True, "c": "01"}}),
        ("stray=5&stray[=6&other[x]=7", {"stray": "5", "stray[": "6", "other": {"x": "7"}}),
    ],
)
def test_form(form: str, values: dict[str, Any]) -> None:
    assert form_values(Everything(), QueryDict(form)) == (values, {})


@pytest.mark.parametrize(
    ("form", "name", "reason"),
    [
        ("item={", "item", "Must be valid JSON."),
        ("item=x", "item", "Must be valid JSON."),
        ("tags=[NaN]", "tags", "Must be valid JSON."),
        ("open=[1", "open", "Must be valid JSON."),
        ("item=1&item[name]=a", "item", "Is given both as a whole and by its members."),
        ("item[name]=a&item=1", "item", "Is given both as a whole and by its members."),
        ("open" + "[a]" * 32 + "=1", "open", "May not be nested deeper than 32 levels."),
        ("open=" + "[" * 33 + "]" * 33, "open", "May not be nested deeper than 32 levels."),
        ("open=[" + "1," * 20_000 + "1]", "open", "May not have more than 20,000 values."),
    ],
)
def test_what_can_not_be_read_is_named(form: str, name: str, reason: str) -> None:
    assert form_values(Everything(), QueryDict(form))[1] == {name: [reason]}


def test_a_form_in_brackets_is_refused_by_its_members(signed_in: Any) -> None:
    body = {"c_password": "x", "items[0][name]": "screws", "items[0][quantity]": "0"}
    answer = signed_in.post("/api/records", urlencode(body), content_type="application/x-www-form-urlencoded")
    assert list(answer.json()["data"]) == ["items.0.quantity"]


def test_a_long_list_is_refused_before_its_items(signed_in: Any) -> None:
    answer = signed_in.post("/api/records", {"c_password": "x", "items": [7] * (MAX_LIST_LENGTH + 1)})
    assert answer.json()["data"] == {"items": [f"Ensure this field has no more than {MAX_LIST_LENGTH} elements."]}

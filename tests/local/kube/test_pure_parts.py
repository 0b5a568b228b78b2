"""The parts without I/O: patches, selectors, paths, ages, schemas, protobuf."""

import base64
from datetime import timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vap_local.kube import builtin, protobuf
from vap_local.kube.builtin import generate
from vap_local.kube.jsonpath import JsonPath, JsonPathError
from vap_local.kube.jsons import clone, encode, same
from vap_local.kube.patch import merge_patch
from vap_local.kube.schema.defaulting import apply_defaults
from vap_local.kube.schema.model import parse
from vap_local.kube.schema.patterns import Pattern
from vap_local.kube.schema.pruning import prune
from vap_local.kube.schema.rules import escape
from vap_local.kube.selectors import parse_labels
from vap_local.kube.strategic import strategic_merge
from vap_local.kube.times import human_duration

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return value


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_leads_to_its_target_and_changes_nothing_else(target: object, patch: object) -> None:
    before = clone(target)
    merged = merge_patch(target, patch)
    assert same(target, before)
    assert same(merge_patch(merged, patch), merged)
    assert same(merge_patch({}, patch), merge_patch({}, without_nulls(patch))) or "None" in repr(patch)


@given(JSON, JSON)
def test_json_equality_is_that_of_the_encoding(left: object, right: object) -> None:
    assert same(left, clone(left))
    if encode(left) == encode(right):
        assert same(left, right)


@pytest.mark.parametrize(("left", "right"), [(1, True), (1, 1.0), ({"a": 0}, {"a": False}), ([], {})])
def test_python_equality_is_not_json_equality(left: object, right: object) -> None:
    assert not same(left, right)


def test_strategic_merge_orders_and_replaces() -> None:
    target = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}, "data": {"x": 1, "y": 2}}
    ordered = strategic_merge(target, {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}})
    assert [item["name"] for item in ordered["spec"]["containers"]] == ["b", "a"]
    replaced = strategic_merge(target, {"data": {"$patch": "replace", "z": 3}})
    assert replaced["data"] == {"z": 3}
    kept = strategic_merge(target, {"data": {"$retainKeys": ["y"], "y": 5}})
    assert kept["data"] == {"y": 5}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b", [1]),
        ("{.a.b}", [1]),
        (".list[0].n", ["x"]),
        (".list[-1].n", ["y"]),
        (".list[*].n", ["x", "y"]),
        ('.list[?(@.n=="y")].v', [2]),
        (".list[?(@.v==1)].n", ["x"]),
        (".list[?(@.v!=1)].n", ["y"]),
        (r".dotted\.name", [5]),
        (".['dotted.name']", [5]),
        (".missing.deeper", []),
        (".list[7].n", []),
    ],
)
def test_printer_column_paths(path: str, found: list[object]) -> None:
    value = {"a": {"b": 1}, "list": [{"n": "x", "v": 1}, {"n": "y", "v": 2}], "dotted.name": 5}
    assert JsonPath(path).find(value) == found


@pytest.mark.parametrize("path", ["a.b", ".a[", ".a[?(@.b)]", ".a[?(@.b=={)]"])
def test_paths_outside_the_subset_are_refused(path: str) -> None:
    with pytest.raises(JsonPathError):
        JsonPath(path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (121, "2m1s"), (599, "9m59s"),
        (600, "10m"), (10799, "179m"), (10800, "3h"), (11000, "3h3m"), (28800, "8h"), (172799, "47h"),
        (172800, "2d"), (180000, "2d2h"), (691200, "8d"), (63071999, "729d"), (63072000, "2y"),
        (66000000, "2y33d"), (252288000, "8y"),
    ],
)  # fmt: skip
def test_ages_read_as_kubectl_prints_them(seconds: int, text: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("^a$", "a", True), ("^a$", "a\n", False), (r"\$", "$", True), ("[$]", "$", True), (r"^a\z", "a", True)],
)
def test_patterns_mean_what_re2_means(pattern: str, text: str, *, found: bool) -> None:
    assert Pattern(pattern).found_in(text) is found


def test_reserved_names_are_escaped_in_rules() -> None:
    assert [escape(name) for name in ("if", "a-b", "a.b", "a/b", "a__b", "plain")] == [
        "__if__", "a__dash__b", "a__dot__b", "a__slash__b", "a__underscores__b", "plain",
    ]  # fmt: skip


@given(OBJECTS)
def test_pruning_and_defaulting_are_done_once(value: dict[str, object]) -> None:
    causes: list[object] = []
    raw = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": {"type": "integer", "default": 1}}, "default": {}},
            "c": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
        },
    }
    schema = parse(raw, "", causes)  # type: ignore[arg-type]
    assert not causes
    prune(schema, value)
    apply_defaults(schema, value)
    assert set(value) <= {"a", "c"}
    again = clone(value)
    assert prune(schema, again) == []
    apply_defaults(schema, again)
    assert same(again, value)


@given(st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")))
def test_a_set_selector_and_its_negation_split_all_labels(labels: dict[str, str]) -> None:
    for positive, negative in (("a in (x)", "a notin (x)"), ("a=x", "a!=x"), ("a", "!a")):
        yes, no = parse_labels(positive)[0], parse_labels(negative)[0]
        assert yes.matches(labels) is not no.matches(labels)


def varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*found, number))


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def secret(name: bytes, data: bytes) -> bytes:
    entry = field(1, b"key") + field(2, data)
    raw = field(1, field(1, name)) + field(2, entry) + field(3, b"Opaque")
    return b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"Secret")) + field(2, raw)


@given(st.text("abc", min_size=1, max_size=9), st.binary(max_size=300))
def test_a_secret_is_read_from_protobuf(name: str, data: bytes) -> None:
    assert protobuf.decode_object(secret(name.encode(), data)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "Opaque",
        "data": {"key": base64.b64encode(data).decode()},
    }


@given(st.binary(max_size=60))
def test_any_other_bytes_are_unreadable_not_fatal(data: bytes) -> None:
    for text in (data, b"k8s\x00" + data):
        with pytest.raises(protobuf.UnreadableError):
            protobuf.decode_object(text)


def test_the_shapes_of_builtin_kinds_are_those_of_the_kubernetes_package() -> None:
    """After an upgrade of that package: ``python -m vap_local.kube.builtin.generate``."""
    kept = files(builtin).joinpath("definitions.json").read_bytes()
    assert kept == generate.render()

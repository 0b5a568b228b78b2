"""Discovery, version, health and OpenAPI: what clients ask before anything else."""

import ssl
import urllib.error
import urllib.request

import httpx
import pytest

from tests.contract.target import Target, ok

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
CAMERA = {"group": "contract.test", "version": "v1alpha1", "kind": "Camera"}


def test_groups_and_versions(target: Target) -> None:
    assert ok(target.get("/api"))["versions"] == ["v1"]
    groups = {group["name"]: group for group in ok(target.get("/apis"))["groups"]}
    assert {"apiextensions.k8s.io", "coordination.k8s.io", "events.k8s.io", "policy", "contract.test"} <= set(groups)
    assert groups["contract.test"]["preferredVersion"]["groupVersion"] == "contract.test/v1alpha1"
    assert ok(target.get("/apis/contract.test"))["kind"] == "APIGroup"


def test_resources_of_a_custom_group(target: Target) -> None:
    body = ok(target.get("/apis/contract.test/v1alpha1"))
    assert (body["kind"], body["groupVersion"]) == ("APIResourceList", "contract.test/v1alpha1")
    resources = {resource["name"]: resource for resource in body["resources"]}
    cameras = resources["cameras"]
    assert (cameras["singularName"], cameras["kind"], cameras["namespaced"]) == ("camera", "Camera", True)
    assert (cameras["shortNames"], cameras["categories"]) == (["cam"], ["contract"])
    assert set(cameras["verbs"]) == {
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    }  # fmt: skip
    assert set(resources["cameras/status"]["verbs"]) == {"get", "patch", "update"}
    assert (resources["pools/scale"]["group"], resources["pools/scale"]["kind"]) == ("autoscaling", "Scale")


def test_resources_of_the_core_group(target: Target) -> None:
    resources = {resource["name"]: resource for resource in ok(target.get("/api/v1"))["resources"]}
    assert resources["pods"]["shortNames"] == ["po"]
    assert resources["namespaces"]["namespaced"] is False
    assert {"pods/status", "pods/log", "pods/binding", "pods/eviction", "secrets", "events"} <= set(resources)


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_aggregated_discovery(target: Target, path: str) -> None:
    response = target.get(path, accept=AGGREGATED)
    assert response.headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    items = {item["metadata"].get("name", ""): item for item in ok(response)["items"]}
    if path == "/api":
        assert set(items) == {""}
        return
    version = items["contract.test"]["versions"][0]
    cameras = next(entry for entry in version["resources"] if entry["resource"] == "cameras")
    assert cameras["responseKind"] == CAMERA
    assert (cameras["scope"], cameras["singularResource"]) == ("Namespaced", "camera")
    assert [entry["subresource"] for entry in cameras["subresources"]] == ["status"]


def test_version_and_health(target: Target) -> None:
    version = ok(target.get("/version"))
    assert (version["major"], version["minor"]) == ("1", "34")
    for path in ("/healthz", "/livez", "/readyz"):
        assert target.get(path, accept="*/*").text == "ok"


def test_openapi_describes_a_custom_kind(target: Target) -> None:
    index = ok(target.get("/openapi/v3"))["paths"]
    assert {"api/v1", "apis/contract.test/v1alpha1"} <= set(index)
    document = ok(target.get(index["apis/contract.test/v1alpha1"]["serverRelativeURL"]))
    schemas = document["components"]["schemas"].values()
    schema = next(item for item in schemas if CAMERA in item.get("x-kubernetes-group-version-kind", []))
    assert schema["properties"]["spec"]["properties"]["desiredState"]["description"] == "Inactive is final."
    assert {"apiVersion", "kind", "metadata"} <= set(schema["properties"])
    path = "/apis/contract.test/v1alpha1/namespaces/{namespace}/cameras/{name}"
    patch = document["paths"][path]["patch"]
    assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}


def test_openapi_describes_builtin_kinds(target: Target) -> None:
    index = ok(target.get("/openapi/v3"))["paths"]
    document = ok(target.get(index["api/v1"]["serverRelativeURL"]))
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    schemas = document["components"]["schemas"].values()
    schema = next(item for item in schemas if kind in item.get("x-kubernetes-group-version-kind", []))
    assert "spec" in schema["properties"]


def test_nothing_is_answered_without_a_credential(target: Target) -> None:
    bare = ssl.create_default_context()
    bare.load_verify_locations(cadata=_authority(target))
    with httpx.Client(base_url=target.url, verify=bare) as client:
        for path in ("/api/v1/pods", "/apis/contract.test/v1alpha1/cameras"):
            response = client.get(path)
            assert response.status_code in (401, 403)
            assert response.json()["kind"] == "Status"
        wrong = client.get("/api/v1/pods", headers={"Authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.json()["reason"]) == (401, "Unauthorized")
        assert client.get("/livez").status_code == 200


def test_plain_http_is_not_served(target: Target) -> None:
    with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
        urllib.request.urlopen(target.url.replace("https", "http") + "/readyz", timeout=5).close()


def _authority(target: Target) -> str:
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in target.context.get_ca_certs(binary_form=True))

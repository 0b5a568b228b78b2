"""Applies the custom resource definitions in a folder and waits until the API serves them.

Server-side apply: fields that others manage (a conversion webhook's CA, say) stay. A definition that would drop a
stored version is refused by the API server, and with it the upgrade.
"""

import sys
import time
from pathlib import Path

import yaml
from kubernetes import client, config

FIELD_MANAGER = "vap-chart"
ESTABLISHED_WITHIN_S = 60.0


def apply(api: client.ApiClient, definition: dict) -> None:
    """Makes or changes one definition; raises ApiException when the API server refuses it."""
    name = definition["metadata"]["name"]
    api.call_api(
        *api.param_serialize(
            "PATCH",
            f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
            query_params=[("fieldManager", FIELD_MANAGER), ("force", "true")],
            header_params={"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"},
            body=definition,
            auth_settings=["BearerToken"],
        )
    )


def main() -> None:
    """Applies every *.yaml of the folder named on the command line."""
    config.load_config()
    api = client.ApiClient()
    definitions = [yaml.safe_load(path.read_text()) for path in sorted(Path(sys.argv[1]).glob("*.yaml"))]
    for definition in definitions:
        apply(api, definition)
        print("applied", definition["metadata"]["name"], flush=True)
    extensions = client.ApiextensionsV1Api(api)
    deadline = time.monotonic() + ESTABLISHED_WITHIN_S
    for definition in definitions:
        name = definition["metadata"]["name"]
        while True:
            conditions = extensions.read_custom_resource_definition(name).status.conditions or []
            if any(condition.type == "Established" and condition.status == "True" for condition in conditions):
                break
            if time.monotonic() > deadline:
                sys.exit(f"{name} was applied, but the API does not serve it; see: kubectl describe crd {name}")
            time.sleep(0.2)


if __name__ == "__main__":
    main()

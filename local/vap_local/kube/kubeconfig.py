"""The kubeconfig of the local server."""

import base64
from pathlib import Path

import yaml

from vap_local.kube.pki import Pki, write_private

CONTEXT = "vap"


def write_kubeconfig(path: Path, url: str, pki: Pki) -> None:
    """Write a kubeconfig with one context ``vap`` and namespace ``default``; readable by its owner alone."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {
                    "server": url,
                    "certificate-authority-data": base64.b64encode(pki.ca_pem).decode(),
                },
            }
        ],
        "users": [{"name": CONTEXT, "user": {"token": pki.token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}}],
        "preferences": {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, yaml.safe_dump(config, sort_keys=False).encode())

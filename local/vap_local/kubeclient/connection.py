"""Where an API server is and how to prove who one is: read from a kubeconfig."""

import base64
import os
import ssl
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class KubeconfigError(ValueError):
    """The kubeconfig cannot be used; the text says what is missing."""


@dataclass(frozen=True)
class KubeConnection:
    """The current context of a kubeconfig."""

    server: str
    namespace: str
    tls: ssl.SSLContext | None
    """None for a plain http server."""
    token: str | None

    @classmethod
    def load(cls, file: Path) -> "KubeConnection":
        """Reads the current context. Raises KubeconfigError, or OSError when the file cannot be read."""
        content = yaml.safe_load(file.read_text())
        try:
            context = _named(content, "contexts", "context", content["current-context"])
            cluster = _named(content, "clusters", "cluster", context["cluster"])
            user = _named(content, "users", "user", context["user"])
            server = str(cluster["server"])
        except (KeyError, TypeError) as missing:
            raise KubeconfigError(f"{file} has no usable current context: {missing} is missing") from None
        tls = _tls_context(cluster, user, file.parent) if server.startswith("https:") else None
        return cls(server.rstrip("/"), str(context.get("namespace") or "default"), tls, _token(user, file.parent))


def _named(content: dict[str, Any], group: str, kind: str, name: str) -> dict[str, Any]:
    for entry in content[group]:
        if entry["name"] == name:
            return dict(entry[kind])
    raise KeyError(f"{kind} {name}")


def _token(user: dict[str, Any], folder: Path) -> str | None:
    if "tokenFile" in user:
        return Path(folder, str(user["tokenFile"])).read_text().strip()
    return str(user["token"]) if "token" in user else None


def _tls_context(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _bytes_of(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _bytes_of(user, "client-certificate", folder)
    key = _bytes_of(user, "client-key", folder)
    if certificate and key:
        # OpenSSL reads a certificate chain from files only.
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vap-kube-")))
            for name, content in (("certificate", certificate), ("key", key)):
                handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as out:
                    out.write(content)
            context.load_cert_chain(place / "certificate", place / "key")
    return context


def _bytes_of(section: dict[str, Any], name: str, folder: Path) -> bytes | None:
    if f"{name}-data" in section:
        return base64.b64decode(section[f"{name}-data"])
    return (folder / section[name]).read_bytes() if name in section else None

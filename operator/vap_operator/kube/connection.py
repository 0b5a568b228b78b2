"""How to reach the Kubernetes API: one configuration for our own client and for kopf's watching."""

import kopf
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from vap_operator.settings import Settings


class NoClusterError(RuntimeError):
    """Neither KUBECONFIG nor a service account of a pod says how to reach the Kubernetes API; set KUBECONFIG."""


async def load_configuration(settings: Settings, *, connections: int) -> Configuration:
    """From KUBECONFIG where it is set, else from the pod's service account. Raises NoClusterError."""
    configuration = Configuration()
    try:
        if settings.kubeconfig:
            await load_kube_config(  # type: ignore[no-untyped-call]
                config_file=settings.kubeconfig, client_configuration=configuration
            )
        else:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise NoClusterError(f"no way to the Kubernetes API: {error}; set KUBECONFIG to a kubeconfig file") from None
    configuration.connection_pool_maxsize = connections
    # With trust_env aiohttp reads ~/.netrc and the proxy variables on a thread at every single request.
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration


async def kopf_connection(settings: Settings) -> kopf.ConnectionInfo:
    """The same for kopf, which asks again whenever the API answers 401 (a rotated token)."""
    configuration = await load_configuration(settings, connections=1)
    header = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    scheme, _, token = (header or "").rpartition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        username=configuration.username or None,
        password=configuration.password or None,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        default_namespace=settings.namespace,
    )

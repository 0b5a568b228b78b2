"""The kinds of objects that the operator reads and writes, and where the API serves them."""

from dataclasses import dataclass

from vap_operator.resources.names import GROUP, VERSION


@dataclass(frozen=True, slots=True)
class Resource:
    """A namespaced kind."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """For an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of the collection, of one object, or of its subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root, "namespaces", namespace, self.plural, *filter(None, (name, subresource))]
        return "/".join(parts)


VIDEOSCENARIOS = Resource(GROUP, VERSION, "videoscenarios", "VideoScenario")
RUNNERPOOLS = Resource(GROUP, VERSION, "runnerpools", "RunnerPool")
PODS = Resource("", "v1", "pods", "Pod")
SECRETS = Resource("", "v1", "secrets", "Secret")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")

import os
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.contract.server_process import ServerProcess
from tests.contract.target import KUBECTL, Target, eventually

DEFINITIONS = Path(__file__).parent / "definitions.yaml"
PROJECT_DEFINITIONS = Path(__file__).parents[2] / "crds"
HISTORY_EVENTS = 500
"""How far back a watch of the own server goes in this suite."""
NO_REAL_SERVER = "no real kube-apiserver: set VAP_CONTRACT_KUBECONFIG to a kubeconfig"
REAL_KUBECONFIG = os.environ.get("VAP_CONTRACT_KUBECONFIG")
REAL_REQUIRED = os.environ.get("VAP_CONTRACT_REQUIRED") == "1"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def own_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The platform's own server."""
    folder = tmp_path_factory.mktemp("kube")
    arguments = ["--bookmark-seconds", "1", "--history-events", str(HISTORY_EVENTS)]
    with ServerProcess(folder, *arguments, "--logs-dir", str(folder / "logs")) as process:
        target = Target("own", process.kubeconfig)
        install(target)
        yield target
        target.close()


@pytest.fixture(scope="session")
def real_target() -> Iterator[Target]:
    """The server of VAP_CONTRACT_KUBECONFIG."""
    if not REAL_KUBECONFIG:
        pytest.fail(f"{NO_REAL_SERVER}; VAP_CONTRACT_REQUIRED=1 does not allow to leave it out")
    target = Target("real", Path(REAL_KUBECONFIG))
    install(target)
    yield target
    target.close()


@pytest.fixture(params=["own", "real"] if REAL_KUBECONFIG or REAL_REQUIRED else ["own"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each server in turn: what a test with this fixture proves holds for both."""
    found: Target = request.getfixturevalue(f"{request.param}_target")
    return found


@pytest.fixture
def space(target: Target) -> str:
    """The name of a new namespace on the target."""
    return new_namespace(target)


@pytest.fixture
def own_space(own_target: Target) -> str:
    """The name of a new namespace on the platform's own server."""
    return new_namespace(own_target)


@pytest.fixture
def kubectl() -> None:
    """Skips a test where there is no kubectl."""
    if KUBECTL is None:
        pytest.skip("kubectl is not installed")


def new_namespace(target: Target) -> str:
    name = f"contract-{uuid.uuid4().hex[:10]}"
    response = target.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    assert response.status_code == 201, response.text
    return name


def install(target: Target) -> None:
    """Make the definitions of the suite and of the project, and wait until they are served."""
    files = [DEFINITIONS, *sorted(PROJECT_DEFINITIONS.glob("*.yaml"))]
    for definition in (document for file in files for document in yaml.safe_load_all(file.read_text())):
        response = target.post(_CRDS, definition)
        assert response.status_code in (201, 409), response.text
        spec = definition["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
        eventually(f"{path} is served", partial(_is_served, target, path))


def _is_served(target: Target, path: str) -> bool:
    return target.get(path).status_code == 200

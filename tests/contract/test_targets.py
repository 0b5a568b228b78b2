"""Which servers the contract was proven on in this run."""

import pytest

from tests.contract.conftest import NO_REAL_SERVER, REAL_KUBECONFIG, REAL_REQUIRED
from tests.contract.target import Target


def test_the_contract_holds_for_a_real_kube_apiserver_too(request: pytest.FixtureRequest) -> None:
    if not REAL_KUBECONFIG and not REAL_REQUIRED:
        pytest.skip(f"{NO_REAL_SERVER}; the suite ran on the project's own server only")
    real: Target = request.getfixturevalue("real_target")
    assert real.get("/version").json()["major"] == "1"

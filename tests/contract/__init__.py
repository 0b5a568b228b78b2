"""The promises of the platform's own API server, each tested against it and against a real kube-apiserver alike.

``own`` is started by the suite. ``real`` is the server of the kubeconfig in VAP_CONTRACT_KUBECONFIG; without it those
tests are skipped, or fail where VAP_CONTRACT_REQUIRED=1. Namespaces that the tests made stay behind on a real server.
"""

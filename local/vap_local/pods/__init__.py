"""Runs pods as local processes: what kubelet is to a node, as far as runner pods need it.

It is an ordinary client of the API server. Containers die with the pod runner (the kernel sees to it), and a pod
runner that starts again starts them again, as kubelet does after a node was rebooted: so there are never two
processes for one container, whatever was killed when. Taking over running processes would keep them through a
restart of the pod runner, but needs a keeper process for each to learn its exit code, and a record that may
be wrong just when it is needed; runners are made to be restarted, at the price of a new epoch.
"""

"""How a command can fail beside the Kubernetes API."""


class UndeliveredError(RuntimeError):
    """An answer did not reach the broker; the command is carried out again."""

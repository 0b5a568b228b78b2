"""How long to wait before another try: exponential, capped, with full jitter below the upper half."""

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Successive delays in seconds: `first`, doubling up to `cap`, each drawn from its upper half.

    The jitter keeps many clients of one server from trying again in step.
    """

    first: float = 0.1
    cap: float = 30.0
    _next: float = field(default=0.0, init=False)

    def next_delay(self) -> float:
        """The delay before the next try, in seconds."""
        ceiling = min(self.cap, self._next or self.first)
        self._next = min(self.cap, ceiling * 2)
        return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """A try succeeded: start small again."""
        self._next = 0.0

"""`$(NAME)` in commands, arguments and values of a pod, as the Kubernetes API describes it."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.\-][\w.\-]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `$(NAME)` replaced where NAME is known, left as it is where not, and `$$` as `$`."""

    def value(match: re.Match[str]) -> str:
        name = match[2]
        return "$" if name is None else variables.get(name, match[0])

    return _REFERENCE.sub(value, text)

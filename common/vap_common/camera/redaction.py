"""Takes credentials out of any text: the last line of defence in logs, errors and events."""

import re

MASK = "***"
SECRET_QUERY_NAMES = (
    "access_token", "api_key", "apikey", "auth", "authorization", "credential", "key", "pass", "passwd", "password",
    "pw", "pwd", "secret", "sig", "signature", "token",
)  # fmt: skip

_NAMES = "|".join(sorted(SECRET_QUERY_NAMES, key=len, reverse=True))
_SECRET_QUERY = re.compile(rf"(?i)([?&;](?:[\w.\-]*[_.\-])?(?:{_NAMES})=)[^&;#\s\"'<>]+")
# Up to the last @ before the path: a password may hold an @ that nobody encoded. A quote or blank ends the text.
_USERINFO = re.compile(r"(?i)([a-z][a-z0-9+.\-]*://)[^/?#\s\"'<>]*@")


def redact(text: str) -> str:
    """`text` with userinfo and secret query values of every URL in it replaced by `***`."""
    return _SECRET_QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", text))


def is_secret_query_name(name: str) -> bool:
    """Whether a query parameter called `name` holds a secret by its name (`token`, `user_password`, …)."""
    return _SECRET_QUERY.match(f"?{name}=x") is not None

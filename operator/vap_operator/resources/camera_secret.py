"""A Secret that a VideoScenario names, as far as a camera's URL goes."""

import base64
import binascii

from pydantic import Field

from vap_operator.resources.base import JsonObject, Metadata, View


class CameraSecret(View):
    """A Secret's data, still encoded. Its repr hides the values."""

    metadata: Metadata
    data: dict[str, str] = Field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, body: JsonObject) -> "CameraSecret":
        """The typed view of `body`. Raises pydantic.ValidationError."""
        return cls.model_validate({"metadata": body["metadata"], "data": body.get("data") or {}})

    def text(self, key: str) -> str | None:
        """The value under `key`; None where it is missing or not UTF-8 text."""
        encoded = self.data.get(key)
        if encoded is None:
            return None
        try:
            return base64.b64decode(encoded, validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError):
            return None

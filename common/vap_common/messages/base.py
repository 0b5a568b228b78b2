"""The frame of every message: JSON, UTF-8, snake_case; unknown fields ignored, wrong ones refused."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError


class MessageDecodeError(ValueError):
    """The bytes are no such message; the text names the fields, never their values."""


class Message(BaseModel):
    """A message of one topic. `schema_version` travels as a header and grows only with a breaking change."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, ser_json_inf_nan="null")

    schema_version: ClassVar[int] = 1

    def encode(self) -> bytes:
        """The message as JSON bytes; absent optional fields are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()

    @classmethod
    def decode(cls, value: bytes | None) -> Self:
        """The message in `value`. Raises MessageDecodeError."""
        if value is None:
            raise MessageDecodeError(f"{cls.__name__}: empty record")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise MessageDecodeError(f"{cls.__name__}: {summarise_validation_error(error)}") from None


def summarise_validation_error(error: ValidationError) -> str:
    """`field: problem; …` without the refused values: they may hold a credential."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'value'}: {problem['msg']}" for problem in problems
    )

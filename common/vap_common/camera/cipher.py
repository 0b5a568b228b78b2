"""Encryption of full camera URLs, with rotation: the first key encrypts, every key decrypts."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from vap_common.camera.errors import CameraUrlError, CameraUrlProblem


class UndecryptableUrlError(ValueError):
    """The encrypted URL was made with a key that is not among VAP_SECRET_KEY; put the old key behind the new one."""

    def __init__(self) -> None:
        super().__init__(
            "the camera URL was encrypted with a key that is not in VAP_SECRET_KEY; add the old key at its end"
        )


class CameraUrlCipher:
    """Fernet (AES-128-CBC, HMAC-SHA256) over the URL's UTF-8 bytes."""

    def __init__(self, keys: SecretStr | None) -> None:
        """Takes comma-separated Fernet keys. Raises ValueError, without the key, when one is malformed."""
        parts = [part.strip() for part in keys.get_secret_value().split(",") if part.strip()] if keys else []
        try:
            self._fernet = MultiFernet([Fernet(part) for part in parts]) if parts else None
        except ValueError:
            raise ValueError(
                "VAP_SECRET_KEY must hold Fernet keys (32 bytes, URL-safe base64), separated by commas"
            ) from None

    @property
    def available(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def encrypt(self, url: str) -> str:
        """The URL as a Fernet token. Raises CameraUrlError when there is no key."""
        if self._fernet is None:
            raise CameraUrlError(
                CameraUrlProblem.NO_SECRET_KEY,
                "camera_url holds credentials, and this service has no VAP_SECRET_KEY to encrypt them with",
            )
        return self._fernet.encrypt(url.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The URL in `token`. Raises UndecryptableUrlError."""
        if self._fernet is None:
            raise UndecryptableUrlError
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise UndecryptableUrlError from None


def generate_key() -> str:
    """A new key for VAP_SECRET_KEY."""
    return Fernet.generate_key().decode()

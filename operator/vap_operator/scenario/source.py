"""From a spec (and its Secret) to what a worker needs to reach the camera, without showing a credential."""

import hashlib
import hmac
from dataclasses import dataclass, field

from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.cipher import CameraUrlCipher, UndecryptableUrlError
from vap_common.camera.errors import CameraUrlError
from vap_common.camera.redaction import redact
from vap_common.camera.url import parse_camera_url
from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.names import SECRET_KEY_ENCRYPTED, SECRET_KEY_PUBLIC
from vap_operator.resources.videoscenario import SecretRef, VideoScenario


@dataclass(frozen=True, slots=True)
class UsableSource:
    """The camera can be given to a worker."""

    public: str
    """Masked."""
    encrypted: str | None = field(repr=False)
    """The full URL, encrypted, where it holds credentials."""
    fingerprint: str = ""
    """Changes when a Secret's content does; empty for a URL in the spec, which is immutable."""


@dataclass(frozen=True, slots=True)
class MissingSecret:
    """The Secret, or its key, is not there (yet)."""

    message: str


@dataclass(frozen=True, slots=True)
class UnusableSource:
    """The URL can never work as it is; the message says what to change."""

    public: str
    message: str


SourceFact = UsableSource | MissingSecret | UnusableSource


class SourceResolver:
    """Applies the address policy and the encryption key."""

    def __init__(self, policy: AddressPolicy, cipher: CameraUrlCipher, fingerprint_key: bytes) -> None:
        """`fingerprint_key` keeps the hash of a URL in a custom resource's status from being guessed."""
        self._policy = policy
        self._cipher = cipher
        self._fingerprint_key = fingerprint_key

    def resolve(self, scenario: VideoScenario, secret: CameraSecret | None) -> SourceFact:
        """What is known of the camera. Encrypts at every call: the caller keeps the answer while nothing changed."""
        source = scenario.spec.source
        if source.url_secret_ref is None:
            return self._from_text(source.url or "", fingerprint="")
        return self._from_secret(source.url_secret_ref, secret)

    def _from_secret(self, ref: SecretRef, secret: CameraSecret | None) -> SourceFact:
        if secret is None:
            return MissingSecret(f"Secret {ref.name} does not exist; create it with the camera's URL under {ref.key}")
        text = secret.text(ref.key)
        if text is None:
            return MissingSecret(f"Secret {ref.name} has no text under {ref.key}; put the camera's URL there")
        fingerprint = self._fingerprint(text)
        public = secret.text(SECRET_KEY_PUBLIC)
        if ref.key == SECRET_KEY_ENCRYPTED and public is not None:
            return self._already_encrypted(text, public, fingerprint)
        if "://" in text:
            return self._from_text(text, fingerprint)
        try:
            return self._from_text(self._cipher.decrypt(text), fingerprint)
        except UndecryptableUrlError as error:
            return UnusableSource("", f"Secret {ref.name}, key {ref.key}: {error}")

    def _already_encrypted(self, token: str, public: str, fingerprint: str) -> SourceFact:
        # The full URL stays closed: its public form has the same address, and that is what the policy is about.
        try:
            url = parse_camera_url(public)
            self._policy.check_url(url)
        except CameraUrlError as error:
            return UnusableSource(redact(public), str(error))
        return UsableSource(url.public, token, fingerprint)

    def _from_text(self, text: str, fingerprint: str) -> SourceFact:
        public = ""
        try:
            url = parse_camera_url(text)
            public = url.public
            self._policy.check_url(url)
            encrypted = self._cipher.encrypt(url.reveal()) if url.has_credentials else None
        except CameraUrlError as error:
            return UnusableSource(public, str(error))
        return UsableSource(public, encrypted, fingerprint)

    def _fingerprint(self, text: str) -> str:
        return hmac.new(self._fingerprint_key, text.encode(), hashlib.sha256).hexdigest()[:16]

"""Encryption of camera URLs and rotation of its keys."""

import pytest
from pydantic import SecretStr

from vap_common.camera.cipher import CameraUrlCipher, UndecryptableUrlError, generate_key
from vap_common.camera.errors import CameraUrlError

URL = "rtsp://user:hunter2@10.0.0.7/a"


def test_a_url_survives_the_round_trip_and_is_not_readable() -> None:
    cipher = CameraUrlCipher(SecretStr(generate_key()))
    token = cipher.encrypt(URL)
    assert "hunter2" not in token
    assert cipher.decrypt(token) == URL


def test_a_rotated_key_still_reads_what_the_old_one_wrote() -> None:
    old, new = generate_key(), generate_key()
    token = CameraUrlCipher(SecretStr(old)).encrypt(URL)
    assert CameraUrlCipher(SecretStr(f"{new},{old}")).decrypt(token) == URL
    with pytest.raises(UndecryptableUrlError):
        CameraUrlCipher(SecretStr(new)).decrypt(token)


def test_without_a_key_nothing_is_encrypted() -> None:
    cipher = CameraUrlCipher(None)
    assert not cipher.available
    with pytest.raises(CameraUrlError, match="VAP_SECRET_KEY"):
        cipher.encrypt(URL)


def test_a_malformed_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="Fernet") as refusal:
        CameraUrlCipher(SecretStr("hunter2"))
    assert "hunter2" not in str(refusal.value)

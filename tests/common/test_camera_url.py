"""Camera URLs: what is accepted, what is shown, what is hidden."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.errors import CameraUrlError, CameraUrlProblem
from vap_common.camera.redaction import redact
from vap_common.camera.url import parse_camera_url


@pytest.mark.parametrize(
    ("given_url", "public", "has_credentials"),
    [
        ("rtsp://10.0.0.7/a", "rtsp://10.0.0.7/a", False),
        ("RTSP://Cam.Local:8554/A?x=1", "rtsp://cam.local:8554/A?x=1", False),
        ("rtsp://user:hunter2@10.0.0.7/a", "rtsp://10.0.0.7/a", True),
        ("rtsp://user:hun@ter2@10.0.0.7/a", "rtsp://10.0.0.7/a", True),
        ("rtsp://hunter2@[fd00::7]:554/a", "rtsp://[fd00::7]:554/a", True),
        ("https://cam/v?channel=1&token=hunter2", "https://cam/v?channel=1&token=***", True),
        ("https://cam/v?user_PASSWORD=hunter2&x=", "https://cam/v?user_PASSWORD=***&x=", True),
        ("https://cam/v?monkey=1", "https://cam/v?monkey=1", False),
        ("file:///videos/a%20b.mp4", "file:///videos/a%20b.mp4", False),
    ],
)
def test_the_public_form_holds_no_credentials(given_url: str, public: str, has_credentials: bool) -> None:
    url = parse_camera_url(given_url)
    assert (url.public, url.has_credentials) == (public, has_credentials)
    assert "hunter2" not in repr(url)
    assert "hunter2" not in f"{url}"
    assert "ter2" not in url.public
    if has_credentials:
        assert "hun" in url.reveal()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", CameraUrlProblem.EMPTY),
        ("   ", CameraUrlProblem.EMPTY),
        ("rtsp://h/" + "a" * 3000, CameraUrlProblem.TOO_LONG),
        ("ftp://h/a", CameraUrlProblem.SCHEME_NOT_ALLOWED),
        ("/etc/passwd", CameraUrlProblem.SCHEME_NOT_ALLOWED),
        ("javascript:alert(1)", CameraUrlProblem.SCHEME_NOT_ALLOWED),
        ("rtsp:///path", CameraUrlProblem.MALFORMED),
        ("rtsp://h:99999/", CameraUrlProblem.MALFORMED),
        ("rtsp://h:0/", CameraUrlProblem.MALFORMED),
        ("rtsp://[::1/", CameraUrlProblem.MALFORMED),
        ("rtsp://u:hunter2@h:x/", CameraUrlProblem.MALFORMED),
        ("rtsp://h/a b", CameraUrlProblem.MALFORMED),
        ("rtsp://h/a\r\nX: y", CameraUrlProblem.MALFORMED),
        ("file://server/share", CameraUrlProblem.MALFORMED),
        ("file:///a?x=1", CameraUrlProblem.MALFORMED),
        ("file:///a%00b", CameraUrlProblem.MALFORMED),
    ],
)
def test_what_is_no_camera_url_is_refused_by_name(url: str, problem: CameraUrlProblem) -> None:
    with pytest.raises(CameraUrlError) as refusal:
        parse_camera_url(url)
    assert refusal.value.problem is problem
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://127.0.0.1/",
        "rtsp://127.1/",
        "rtsp://2130706433/",
        "rtsp://0x7f000001/",
        "rtsp://0177.0.0.1/",
        "rtsp://localhost/",
        "rtsp://LOCALHOST./",
        "rtsp://a.localhost/",
        "rtsp://[::1]/",
        "rtsp://[::ffff:127.0.0.1]/",
        "rtsp://[64:ff9b::7f00:1]/",
        "rtsp://[2002:7f00:1::]/",
        "rtsp://[::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
def test_loopback_link_local_and_reserved_addresses_are_refused(url: str) -> None:
    with pytest.raises(CameraUrlError) as refusal:
        AddressPolicy().check_url(parse_camera_url(url))
    assert refusal.value.problem is CameraUrlProblem.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "url", ["rtsp://10.0.0.7/", "rtsp://192.168.1.2/", "rtsp://[fd12::1]/", "rtsp://8.8.8.8/", "rtsp://cam.example/"]
)
def test_private_and_public_addresses_and_names_pass(url: str) -> None:
    AddressPolicy().check_url(parse_camera_url(url))


def test_each_refusal_names_its_setting() -> None:
    policies = {
        "CAMERA_ALLOW_LOOPBACK": ("rtsp://127.0.0.1/", AddressPolicy()),
        "CAMERA_ALLOW_LINK_LOCAL": ("rtsp://169.254.1.1/", AddressPolicy()),
        "CAMERA_ALLOW_PRIVATE": ("rtsp://10.0.0.1/", AddressPolicy(allow_private=False)),
        "CAMERA_FILE_ROOTS": ("file:///etc/passwd", AddressPolicy()),
    }
    for setting, (url, policy) in policies.items():
        with pytest.raises(CameraUrlError, match=setting):
            policy.check_url(parse_camera_url(url))


def test_loopback_passes_where_it_is_allowed() -> None:
    AddressPolicy(allow_loopback=True).check_url(parse_camera_url("rtsp://127.0.0.1:8554/demo"))


def test_a_file_is_read_only_below_its_roots(tmp_path: Path) -> None:
    root = tmp_path / "videos"
    root.mkdir()
    (root / "a.mp4").touch()
    (tmp_path / "secret.mp4").touch()
    (root / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    policy = AddressPolicy(file_roots=(root,))
    policy.check_url(parse_camera_url(f"file://{root}/a.mp4"))
    for path in (f"{root}/../secret.mp4", f"{root}/link.mp4", f"{root}/%2e%2e/secret.mp4", f"{tmp_path}/secret.mp4"):
        with pytest.raises(CameraUrlError) as refusal:
            policy.check_url(parse_camera_url(f"file://{path}"))
        assert refusal.value.problem is CameraUrlProblem.FILE_NOT_ALLOWED


SECRET_TEXT = st.text(st.characters(codec="ascii", exclude_characters=" /?#\"'<>\x7f", min_codepoint=0x21), min_size=6)


@given(SECRET_TEXT, SECRET_TEXT)
def test_redaction_removes_any_userinfo_from_any_text(user: str, password: str) -> None:
    text = redact(f"cannot open rtsp://{user}:{password}@10.0.0.7/a, trying again")
    assert text == "cannot open rtsp://***@10.0.0.7/a, trying again"


@given(SECRET_TEXT)
def test_parsing_never_puts_a_password_into_an_error(password: str) -> None:
    said = ""
    try:
        said = parse_camera_url(f"rtsp://user:{password}@camera/a").public
    except CameraUrlError as error:
        said = str(error)
    assert password not in said


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        url = parse_camera_url(text)
    except CameraUrlError:
        return
    assert parse_camera_url(url.public).public == url.public


def test_redaction_masks_secret_query_values() -> None:
    assert redact("GET https://h/a?user_token=abc&x=1;pwd=q") == "GET https://h/a?user_token=***&x=1;pwd=***"

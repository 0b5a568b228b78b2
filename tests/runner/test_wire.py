"""Status lines and credentials of the probes."""

import pytest

from vap_runner.capture.wire import Login, ProtocolError, authorization, parse_head, without_userinfo


def test_the_digest_of_rfc_2069_style_servers() -> None:
    # RFC 2617, 3.5, without qop: computed by hand from its inputs.
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="xyz"'
    answer = authorization(Login("Mufasa", "Circle Of Life"), [challenge], "GET", "/dir/index.html")
    assert answer is not None
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
    assert 'opaque="xyz"' in answer


def test_digest_is_preferred_and_basic_is_the_fallback() -> None:
    login = Login("a", "b")
    both = ['Basic realm="x"', 'Digest realm="x", nonce="y"']
    assert str(authorization(login, both, "GET", "/")).startswith("Digest ")
    assert authorization(login, both[:1], "GET", "/") == "Basic YTpi"
    assert authorization(login, ['Digest realm="x", nonce="y", algorithm=FANCY'], "GET", "/") is None


def test_credentials_are_taken_out_of_the_request_and_decoded() -> None:
    bare, login = without_userinfo("rtsp://ad%40min:p%3Aw@10.0.0.7:554/a?b=c")
    assert bare == "rtsp://10.0.0.7:554/a?b=c"
    assert login == Login("ad@min", "p:w")
    assert "p:w" not in repr(login)


def test_heads_are_read_and_other_protocols_refused() -> None:
    response = parse_head(b"RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Basic x\r\nWWW-Authenticate: Digest y")
    assert response.status == 401
    assert response.all("www-authenticate") == ["Basic x", "Digest y"]
    with pytest.raises(ProtocolError):
        parse_head(b"SSH-2.0-OpenSSH_9.6")

"""Cameras for tests: a real RTSP server with a real clip, and servers that misbehave as cameras do."""

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_for


@contextmanager
def rtsp_camera(folder: Path, port: int = 0) -> Iterator[int]:
    """Serves the files of a folder over RTSP, from a process of its own; gives the port."""
    chosen = port or free_port()
    server = Path(sys.executable).with_name("rtsp-server")
    process = subprocess.Popen(
        [server, "--dir", folder, "--host", "127.0.0.1", "--port", str(chosen)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: answers(chosen), "the RTSP server", 15)
        yield chosen
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Answers every request head with the same text; remembers the requests."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: str) -> None:
        self.requests: list[str] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while True:
                    head = ""
                    while not head.endswith("\r\n\r\n"):
                        line = self.rfile.readline()
                        if not line:
                            return
                        head += line.decode("latin-1")
                    outer.requests.append(head)
                    sequence = next(
                        (ln.split(":")[1].strip() for ln in head.split("\r\n") if ln.lower().startswith("cseq")), "1"
                    )
                    self.wfile.write(answer.replace("{cseq}", sequence).encode())

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def scripted(answer: str) -> Iterator[ScriptedServer]:
    """A running ScriptedServer."""
    server = ScriptedServer(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def rtsp_answer(status: str, *headers: str) -> str:
    return "\r\n".join([f"RTSP/1.0 {status}", "CSeq: {cseq}", *headers, "", ""])


def http_answer(status: str, *headers: str) -> str:
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Length: 0", *headers, "", ""])

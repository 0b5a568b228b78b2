"""A thousand objects on the own server: nothing is lost, and what it costs is printed (``pytest -s``)."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.contract.conftest import install
from tests.contract.server_process import ServerProcess
from tests.contract.target import GROUP, Json, Target, camera, ok

COUNT = 1000
WATCHERS = 3
CAMERAS = f"{GROUP}/namespaces/default/cameras"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "kube") as process:
        yield process


def describe(what: str, times: list[float]) -> str:
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99) - 1]
    rate = len(times) / sum(times)
    return f"{what}: p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, {rate:.0f}/s on one connection"


def memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def count_events(client: aiohttp.ClientSession, start: str, wanted: int) -> int:
    seen = 0
    query = {"watch": "true", "resourceVersion": start, "timeoutSeconds": "120"}
    async with client.get(CAMERAS, params=query) as response:
        async for chunk in response.content.iter_any():
            seen += chunk.count(b"\n")
            if seen >= wanted:
                break
    return seen


async def write_all(client: aiohttp.ClientSession, times: dict[str, list[float]]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    for number in range(COUNT):
        body: Json = camera(f"c{number:04}")
        began = time.perf_counter()
        async with client.post(CAMERAS, json=body) as response:
            await response.read()
            assert response.status == 201
        times["create"].append(time.perf_counter() - began)
    for number in range(COUNT):
        began = time.perf_counter()
        path = f"{CAMERAS}/c{number:04}/status"
        async with client.patch(path, data='{"status":{"state":"active"}}', headers=headers) as response:
            await response.read()
            assert response.status == 200
        times["patch"].append(time.perf_counter() - began)


async def test_a_thousand_objects_reach_every_watcher(server: ServerProcess) -> None:
    target = Target("own", server.kubeconfig)
    install(target)
    start = ok(target.get(CAMERAS))["metadata"]["resourceVersion"]
    times: dict[str, list[float]] = {"create": [], "patch": []}
    memory_before, cpu_before = memory_mib(server.pid), cpu_seconds(server.pid)
    connector = aiohttp.TCPConnector(ssl=target.context)
    async with aiohttp.ClientSession(target.url, headers=target.headers, connector=connector) as client:
        watchers = [asyncio.create_task(count_events(client, start, 2 * COUNT)) for _ in range(WATCHERS)]
        await write_all(client, times)
        async with asyncio.timeout(120):
            assert await asyncio.gather(*watchers) == [2 * COUNT] * WATCHERS
    listed = ok(target.get(CAMERAS))["items"]
    assert len(listed) == COUNT
    assert {item["status"]["state"] for item in listed} == {"active"}
    target.close()
    print()
    for what, values in times.items():
        print(describe(what, values))
    cpu = (cpu_seconds(server.pid) - cpu_before) / (2 * COUNT) * 1e3
    print(f"the server's CPU time: {cpu:.2f} ms a write, {WATCHERS} watchers included")
    print(f"memory: {memory_before:.0f} MiB empty, {memory_mib(server.pid):.0f} MiB with {COUNT} objects")

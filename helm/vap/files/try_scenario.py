"""`helm test`: one scenario from POST to detections, and to its end, through the REST API as a client sees it."""

import json
import sys
import time
import urllib.error
import urllib.request

TRY_AGAIN_S = 0.5


def call(method: str, url: str, body: dict | None = None) -> dict:
    """The JSON answer. Raises urllib.error.HTTPError for a refusal."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the Service of this release
        return json.load(answer)


def wait_for(what: str, url: str, done: str, deadline: float) -> dict:
    """Polls until the scenario's status is `done` and, for active, until it has results. Exits when time is up."""
    answer: dict = {}
    while time.monotonic() < deadline:
        try:
            answer = call("GET", url)
            if answer["status"] == done and (done != "active" or any(r["detections"] for r in answer["results"])):
                return answer
        except (OSError, TimeoutError) as error:
            answer = {"error": str(error)}
        time.sleep(TRY_AGAIN_S)
    sys.exit(f"{what} did not come in time; last answer: {json.dumps(answer)[:1000]}")


def main() -> None:
    """Arguments: base URL of the API, camera URL, detector, seconds."""
    base, camera, detector, seconds = sys.argv[1:]
    began = time.monotonic()
    deadline = began + float(seconds)
    try:
        posted = call("POST", f"{base}/api/v1/scenario/init", {"camera_url": camera, "detector": detector})
    except urllib.error.HTTPError as error:
        sys.exit(f"POST was refused ({error.code}): {error.read().decode()[:1000]}")
    scenario = posted["scenario_uuid"]
    print(f"{time.monotonic() - began:6.2f} s  POST: {scenario} {posted['status']}", flush=True)
    prediction = f"{base}/api/v1/prediction/{scenario}"
    seen = wait_for("a detection", prediction, "active", deadline)
    newest = next(result for result in reversed(seen["results"]) if result["detections"])
    print(
        f"{time.monotonic() - began:6.2f} s  active: {len(seen['results'])} results,"
        f" frame {newest['frame_number']}: {json.dumps(newest['detections'][:3])}",
        flush=True,
    )
    call("POST", f"{base}/api/v1/scenario/{scenario}/shutdown")
    wait_for("the end of the scenario", prediction, "inactive", deadline)
    print(f"{time.monotonic() - began:6.2f} s  inactive", flush=True)


if __name__ == "__main__":
    main()

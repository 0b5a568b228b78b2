"""Refuses bodies that are too large, whether they say so up front or not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vap_api.http.problems import BodyTooLargeProblem


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a body is known to be larger than `max_bytes`."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            await self._problem().response()(scope, receive, send)
            return
        received = 0
        answered = False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._problem()
            return message

        async def answer(message: Message) -> None:
            """Whatever the application makes of the broken body, the client hears the reason."""
            nonlocal answered
            if received <= self._max_bytes:
                await send(message)
            elif not answered:
                answered = True
                await self._problem().response()(scope, receive, send)

        await self._app(scope, counted, answer)

    def _problem(self) -> BodyTooLargeProblem:
        return BodyTooLargeProblem(f"At most {self._max_bytes} bytes are taken (API_MAX_BODY_BYTES).")

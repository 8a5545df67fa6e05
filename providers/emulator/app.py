"""The WSGI application: provider calls, control calls, the page where a buyer pays, caught mail."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request

from .control import Control
from .gateway import Gateway
from .mails import mails_page
from .parts import PARTS, Part
from .server import status_line
from .wire import Answer, Call, json_answer
from .world import World

CONTROL = "/_emulator/"
TRICKLE_STEPS = 20


class Application:
    """Plain WSGI. `run_late()` makes the effects whose time has come; requests do so too."""

    def __init__(self, world: World) -> None:
        self.world = world
        for part in PARTS.values():
            part.listen(world)
        self._gateways = {name: Gateway(world, part.profile) for name, part in PARTS.items()}
        self._control = Control(world)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; `HangUp` goes through to the server."""
        answer = self._answer(Request(environ))
        headers = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            **answer.headers,
        }
        if answer.cut:
            headers["Connection"] = "close"
        start_response(status_line(answer.status), list(headers.items()))
        return self._bytes(answer)

    def run_late(self) -> None:
        """Make every late effect that is due."""
        with self.world.lock:
            for late in self.world.take_due():
                self._gateways[late.call.provider].run_late(late.account, late.call)

    def _answer(self, request: Request) -> Answer:
        self.run_late()
        if request.path.startswith(CONTROL):
            return self._control_call(request)
        for part in PARTS.values():
            if request.path.startswith(part.prefix + "/"):
                return self._provider_call(part, request)
        if (page := self._page(request)) is not None:
            return page
        if request.path == "/mails":
            listing = mails_page(self.world.mails.listing())
            return Answer(200, listing.encode(), content_type="text/html; charset=utf-8")
        return json_answer(404, {"error": "There is nothing at this address."})

    def _page(self, request: Request) -> Answer | None:
        form = {name: value for name, value in request.form.items() if isinstance(value, str)}
        pages = (part.page(self.world, request.method, request.path, form) for part in PARTS.values())
        return next((page for page in pages if page is not None), None)

    def _provider_call(self, part: Part, request: Request) -> Answer:
        path = request.path.removeprefix(part.prefix)
        found = part.route(request.method, path)
        if found is None:
            return part.profile.problem(404, "The requested resource could not be found.")
        name, args = found
        return self._gateways[part.name].serve(
            Call(
                provider=part.name,
                name=name,
                method=request.method,
                path=path,
                args=args,
                query=request.args.to_dict(),
                headers={key.lower(): value for key, value in request.headers.items()},
                raw=request.get_data().decode("utf-8", "replace"),
                host=request.host_url.rstrip("/"),
            )
        )

    def _control_call(self, request: Request) -> Answer:
        raw = request.get_data()
        try:
            body = json.loads(raw) if raw.strip() else {}
        except ValueError:
            return json_answer(400, {"error": "The body is not JSON."})
        if not isinstance(body, dict):
            return json_answer(400, {"error": "The body has to be a JSON object."})
        path = request.path.removeprefix(CONTROL).strip("/")
        return self._control.answer(request.method, path, request.args.to_dict(), body)

    def _bytes(self, answer: Answer) -> Iterable[bytes]:
        if answer.cut:
            # The connection ends in the middle of the promised length: the server closes it as announced.
            return [answer.body[: len(answer.body) // 2]]
        if answer.trickle and answer.body:
            return self._trickled(answer)
        return [answer.body]

    def _trickled(self, answer: Answer) -> Iterable[bytes]:
        step = max(1, -(-len(answer.body) // TRICKLE_STEPS))
        for start in range(0, len(answer.body), step):
            time.sleep(answer.trickle / TRICKLE_STEPS)
            yield answer.body[start : start + step]

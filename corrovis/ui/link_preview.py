"""What a link to the page shows where it is posted: in the head of "/" our own title, text and picture instead of gradio's.

Whoever draws such a preview runs no JavaScript and takes the first of each tag.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from gradio.route_utils import get_root_url
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corrovis.ui.wording import page as wording

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "levels.jpg"
PLACE = "/preview.jpg"
GRADIOS = re.compile(rb'<meta\s+(?:property="og|name="twitter):[^>]*>\s*')


def options() -> dict[str, list[Middleware] | list[Route]]:
    """What the server is given for it."""
    return {"middleware": [Middleware(OwnHead)], "routes": [Route(PLACE, picture)] if PICTURE.exists() else []}


async def picture(request: Request) -> FileResponse:
    return FileResponse(PICTURE)


class OwnHead:
    """Writes our head into the answer to "/", which comes whole; all else passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")
        if scope["type"] != "http" or scope["path"].removeprefix(root) not in ("", "/"):
            await self.app(scope, receive, send)
            return
        address = get_root_url(Request(scope), "/", root)
        begun: list[Message] = []

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)  # its length is known with the body
            elif message["type"] == "http.response.body":
                body = with_head(message.get("body", b""), address)
                kept = [(name, value) for name, value in begun[0]["headers"] if name != b"content-length"]
                await send({**begun[0], "headers": [*kept, (b"content-length", str(len(body)).encode())]})
                await send({**message, "body": body})

        await self.app(scope, receive, sent)


def with_head(page: bytes, address: str) -> bytes:
    """The page with the tags of a preview, for those who find it at `address`."""
    named = {"og:title": wording.PREVIEW_TITLE, "og:description": wording.PREVIEW, "og:type": "website", "og:url": f"{address}/"}
    if PICTURE.exists():
        named |= {"og:image": address + PLACE, "og:image:alt": wording.PREVIEW_PICTURE}
    tags = [f"<title>{wording.TITLE}</title>", f'<meta name="description" content="{escape(wording.PREVIEW)}">']
    tags += [f'<meta property="{name}" content="{escape(text)}">' for name, text in named.items()]
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    return GRADIOS.sub(b"", page).replace(b"<head>", b"<head>" + "".join(tags).encode(), 1)

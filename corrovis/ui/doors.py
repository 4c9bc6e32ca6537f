"""The doors for programs: how one is opened, what comes with a request, checked, and files as answers name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import category

import gradio as gr
from gradio import FileData
from gradio.events import api
from gradio.route_utils import FnIndexInferError
from httpx import HTTPError
from starlette.requests import Request
from starlette.responses import JSONResponse

from corrovis.errors import BadInputError
from corrovis.results import MOST_WHOLE
from corrovis.ui.complaints import complaining, complaint

Value = TypeVar("Value")

UNREADABLE = "the request cannot be used; send files as an upload answered them, and for each argument a value or null"


class Page(gr.Blocks):
    """Says in words that what was sent is no file record of an upload, or lacks arguments: gradio's own answer is null."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> Any:
        try:
            return await super().preprocess_data(block_fn, inputs, *rest, **named)
        except gr.Error:
            raise
        except (ValueError, OSError, HTTPError) as error:  # HTTPError: a URL in a record's place, which gradio fetches
            raise complaint(UNREADABLE) from error


def open_door(endpoint: Callable[..., Any], **options: Any) -> None:
    """Register `endpoint` in the running `gr.Blocks` under its own name.

    Null is the same as leaving out what has a default; what is refused is said in a line; paths of the answer are files to fetch.
    """
    taken = signature(endpoint)
    defaults = {name: one.default for name, one in taken.parameters.items() if one.default is not Parameter.empty}

    @wraps(endpoint)
    def called(*given: Any, **named: Any) -> Any:
        sent = taken.bind(*given, **named).arguments
        with complaining():
            return as_files(endpoint(**{name: defaults.get(name) if value is None else value for name, value in sent.items()}))

    api(called, api_name=endpoint.__name__, **options)


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """What a program hears when it leaves out what a door needs, or sends what it does not know: gradio's own words, and 400.

    Any other TypeError is a fault of ours.
    """
    if "/call/v2/" not in request.url.path:
        raise error
    return JSONResponse({"error": str(error)}, 400)


async def refuse_unknown(request: Request, error: Exception) -> JSONResponse:
    """What a program hears that asks for a door which there is not, by either of gradio's ways.

    Any other KeyError is a fault of ours.
    """
    name = request.path_params.get("api_name")
    if name is None or (isinstance(error, KeyError) and error.args != (f"/{name}",)):
        raise error
    return JSONResponse({"error": f"no endpoint is called {name}; the page lists them at ?view=api"}, 404)


REFUSALS = {TypeError: refuse, KeyError: refuse_unknown, FnIndexInferError: refuse_unknown}


def upload(file: Any) -> tuple[Path, str]:
    """Path and name of an uploaded file.

    Only a dictionary marked as a file was checked by gradio to lie among the uploads: anything else may name any path.
    """
    record = file.model_dump() if isinstance(file, FileData) else file
    meta = record.get("meta") if isinstance(record, dict) else None
    place = record.get("path") if isinstance(meta, dict) and meta.get("_type") == "gradio.FileData" else None
    if not isinstance(place, str) or not place:
        raise BadInputError("no file came with the request; pass what an upload answered (gradio_client's handle_file does both)")
    path = Path(place)
    name = shown_name(record.get("orig_name")) or path.name
    if not path.is_file():
        raise BadInputError(f"{name} is no longer on the server, where uploads are kept for an hour at most; upload it again")
    return path, name


def shown_name(name: Any) -> str:
    """A file's name without folders, what can be neither written nor shown, or a dot in front, which hides it; "" for none."""
    if not isinstance(name, str):
        return ""
    return Path("".join(sign for sign in name if category(sign) not in ("Cc", "Cs"))).name.lstrip(".")


def uploads(name: str, files: Any) -> list[tuple[Path, str]]:
    """Paths and names of several uploaded files.  Raises BadInputError for what is no list of them."""
    if not isinstance(files, list):
        kind = "one file" if isinstance(files, dict) else repr(files)[:40]
        raise BadInputError(f"{name}: {kind} is no list of files; send one, with a single file in it if there is but one")
    return [upload(file) for file in files]


def number(name: str, value: Any) -> float:
    """`value` as a number.  Raises BadInputError for what is none."""
    try:
        if isinstance(value, bool) or "_" in str(value):  # to float 4_0 is 40
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{name} {value!r:.40} is no number; leave {name} out, or give one") from error


def whole_number(name: str, value: Any, most: int = MOST_WHOLE, least: int = 0) -> int:
    """`value` as a number to count with or a seed.  Raises BadInputError for what is none, or outside `least` to `most`."""
    found = number(name, value)
    if not (found.is_integer() and least <= found <= most):
        raise BadInputError(f"{name} {value!r:.40} is outside {least} to {most}; use a whole number between")
    return int(found)


def text(name: str, value: Any) -> str:
    """`value`, if it is a text.  Raises BadInputError for what is none."""
    if not isinstance(value, str):
        raise BadInputError(f"{name} {value!r:.40} is no text; write it in quotes")
    return value


def flag(name: str, value: Any) -> bool:
    """`value`, if it is true or false.  Raises BadInputError for what is neither, as "false" in quotes, which would be true."""
    if not isinstance(value, bool):
        raise BadInputError(f"{name} {value!r:.40} is neither true nor false; write one of the two, without quotes")
    return value


def optional(check: Callable[[str, Any], Value], name: str, value: Any) -> Value | None:
    """`value` as `check` wants it, or None where it was left out."""
    return None if value is None else check(name, value)


def one_item(item: dict[str, Any]) -> dict[str, Any]:
    """The answer about a single file, where the command line's is a list of many; its keys stand outside the list too."""
    return {"items": [item], **item}


def as_files(value: Any) -> Any:
    """Paths, at any depth, as gradio's file records, which its clients download."""
    if isinstance(value, dict):
        return {key: as_files(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_files(item) for item in value]
    return FileData(path=str(value), orig_name=value.name).model_dump() if isinstance(value, Path) else value

"""The page: a shop over what the gateway answers."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from tfx_pipeline.gateway.errors import Refused

_FOLDER = Path(__file__).parents[1] / "page"
_INDEX = "index.html"
# By name, as what a machine says of endings is not the same everywhere, and browsers run no script of another type.
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: _MEDIA_TYPES[file.suffix] for file in sorted(_FOLDER.iterdir()) if file.suffix in _MEDIA_TYPES}
_HEADERS = {
    # What is in a table can neither run as a script nor send anything to another machine.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Asked for again each time, which the file's tag makes cheap: a new version is there at once.
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """Give the page."""
    return _file(_INDEX)


@router.get("/page/{name}")
async def part_of_page(name: str) -> FileResponse:
    """Give a style sheet, a script or a picture of the page."""
    if name not in _FILES:
        raise Refused(404, f"The page has no part {name!r:.80}.")
    return _file(name)


def _file(name: str) -> FileResponse:
    return FileResponse(_FOLDER / name, media_type=_FILES[name], headers=_HEADERS)

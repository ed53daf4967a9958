"""GraphiQL, served from our own files: it works without a network."""

from pathlib import Path

from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).parent / "files"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # its editor places its cursor by inline styles
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def page() -> FileResponse:
    """The page; it may load and reach nothing but this server."""
    return FileResponse(FILES / "index.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def assets() -> StaticFiles:
    """The files that the page names, for a mount at /graphiql."""
    return StaticFiles(directory=FILES)

"""The human page (placeholder)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from sandbox.world import World


def mount(app: Flask, world: World) -> None:
    """Add the page."""
    app.add_url_rule("/", view_func=lambda: "sandbox", endpoint="page")

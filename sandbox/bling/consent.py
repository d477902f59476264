"""Bling: the consent page at /oauth/authorize, for people and (with `?auto=`) for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.bling.api import PREFIX

if TYPE_CHECKING:
    from sandbox.bling.state import BlingAccount, BlingApp
    from sandbox.world import World

ERROR_HELP = "https://developer.bling.com.br/autenticacao"


def mount(app: Flask, world: World) -> None:
    """Add the consent page."""

    def view() -> AnyResponse:
        with world.lock:
            return _authorize(world)

    app.add_url_rule(f"{PREFIX}/oauth/authorize", endpoint="bling consent", view_func=view, methods=["GET", "POST"])


def _authorize(world: World) -> AnyResponse:
    """Check the request as Bling does, then ask, or act on the answer.

    `redirect_uri` and `scope` of the request are ignored: the app's registered values apply.
    """
    wanted = request.values
    app = world.grants.app(wanted.get("client_id", ""))
    if app is None:
        return Response(render_template("consent.html", app=None), status=400)
    owner, state = app.owner, wanted.get("state", "")
    if wanted.get("response_type") != "code" or not state:
        missing = "state não pode ser vazio" if not state else "response_type deve ser code"
        return _refused(owner, state, "invalid_request", f"O parâmetro {missing}")
    if owner.app_inactive:
        return _refused(owner, state, "app_inativo", "O aplicativo está inativo")
    slug = wanted.get("company") or owner.slug
    if slug not in world.accounts:
        return Response(render_template("consent.html", app=None), status=400)
    decision = request.form.get("decision") or request.args.get("auto")
    if decision == "deny":
        return _refused(owner, state, "access_denied", "O usuário recusou o acesso")
    if decision == "approve":
        return _approved(world, app, world.account(slug).bling, state)
    page = render_template(
        "consent.html", app=app, state=state, companies=[account.bling for account in world.accounts.values()]
    )
    return Response(page)


def _approved(world: World, app: BlingApp, company: BlingAccount, state: str) -> AnyResponse:
    if company.inactive:
        return _refused(app.owner, state, "UNAUTHORIZED_ERROR", "A empresa está inadimplente ou inativa")
    code = world.grants.new_code(app.client_id, company)
    return _back(app.owner, code=code, state=state)


def _refused(owner: BlingAccount, state: str, error: str, description: str) -> AnyResponse:
    return _back(owner, error=error, error_description=description, error_uri=ERROR_HELP, state=state)


def _back(owner: BlingAccount, **parameters: str) -> AnyResponse:
    """Send the browser to the app's registered address."""
    joint = "&" if "?" in owner.redirect_uri else "?"
    return redirect(f"{owner.redirect_uri}{joint}{urlencode(parameters)}", code=302)

"""What actions share: permissions, the confirmation page, and messages with numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextareaWidget

from integrations.admin.kit.check_texts import check_name, check_text
from integrations.models import BlingConnection, Posting, Title
from integrations.pipeline.desk import commands
from integrations.pipeline.desk.refusal import Refused
from integrations.queue import enqueue_tick
from integrations.words.refusals import left_out_texts

Done = TypeVar("Done")


class PermittedActions:
    """The permission methods that Django's and Unfold's actions ask for by name."""

    def has_sync_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.sync_tenant"))

    def has_resync_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resync_title"))

    def has_force_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.force_settlement"))

    def has_resolve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_posting"))

    def has_recreate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.recreate_posting"))

    def has_export_discrepancies_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.export_discrepancy"))

    def has_connect_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.connect_blingconnection"))

    def has_activate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.activate_tenant"))

    def has_limit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.change_tenant"))

    def has_close_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.close_tenant"))

    def has_release_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.release_restorehold"))

    def has_lists_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.decide_titlelist"))

    def has_test_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.test_kaminoconnection"))


def user_of(request: HttpRequest) -> User:
    """Return the acting user. Raises `PermissionDenied` where nobody is logged in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class ReasonForm(forms.Form):
    """The reason of a decision; kept with it."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


def confirm(
    request: HttpRequest,
    model_admin: Any,
    *,
    title: str,
    text: str,
    submit: str,
    form: forms.Form | None = None,
    rows: Iterable[Model | str] = (),
    action: str = "",
    target: str = "",
    back: str = "",
    dangerous: bool = False,
    note: str = "",
) -> TemplateResponse:
    """Return the page that asks before acting. `action` and `rows` make it post a list action again, confirmed."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "text": text,
        "note": note,
        "submit": submit,
        "form": form,
        "rows": list(rows),
        "action": action,
        "target": target,
        "back": back or changelist_url(model_admin),
        "dangerous": dangerous,
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/integrations/kit/confirm.html", context)


def changelist_url(model_admin: Any) -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def page_url(model_admin: Any, object_id: Any) -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[object_id])


def back_to(model_admin: Any, object_id: Any) -> HttpResponse:
    return HttpResponseRedirect(page_url(model_admin, object_id))


def back_to_action(model_admin: Any, action: str, object_id: Any) -> HttpResponse:
    opts = model_admin.opts
    return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_{action}", args=[object_id]))


def refused(request: HttpRequest, error: "Refused") -> None:
    messages.error(request, error.message)


def carry_out(
    request: HttpRequest, order: Callable[..., Done], message: str | Callable[[Done], str], **arguments: Any
) -> bool:
    """Carry out what a person ordered, wake the worker, and show the result or why it was refused.

    `order` gets `arguments`, `user` and `now`; `message` is shown, or makes the text from what `order` returns.
    Returns whether it was done.
    """
    try:
        done = order(user=user_of(request), now=timezone.now(), **arguments)
    except Refused as error:
        refused(request, error)
        return False
    enqueue_tick()
    messages.success(request, message if isinstance(message, str) else message(done))
    return True


def ask_then(
    request: HttpRequest,
    model_admin: Any,
    object_id: Any,
    order: Callable[..., Done],
    done: str | Callable[[Done], str],
    *,
    form: forms.Form | None = None,
    given: Mapping[str, Any],
    **page: Any,
) -> HttpResponse:
    """Ask about one object on a page of its own (`page`: see `confirm`), carry out what the person confirms, and go
    back to the object. The order gets what is `given`, and the fields of a form."""
    if request.method == "POST" and (form is None or form.is_valid()):
        carry_out(request, order, done, **given, **(form.cleaned_data if form else {}))
        return back_to(model_admin, object_id)
    return confirm(request, model_admin, form=form, back=page_url(model_admin, object_id), **page)


def one_by_one(
    request: HttpRequest,
    rows: Iterable[Any],
    order: Callable[..., object],
    message: Callable[[int], str],
    *,
    name: str,
    **more: Any,
) -> None:
    """Carry out an order for each of some rows, which it takes as `name`; show how many were done, and why others were
    not."""
    refusals = Counter[str]()
    done = 0
    for row in rows:
        try:
            order(**{name: row}, user=user_of(request), now=timezone.now(), **more)
        except Refused as error:
            refusals[error.message] += 1
        else:
            done += 1
    enqueue_tick()
    say = messages.success if done else messages.warning
    say(request, "; ".join([message(done), *left_out_texts(refusals)]))


def sync(request: HttpRequest, connections: Iterable[BlingConnection]) -> None:
    """Ask for a run of each connection and say what came of it."""
    asked = commands.request_sync(connections=connections, user=user_of(request), now=timezone.now())
    enqueue_tick()
    parts = [ngettext("%(count)s queued", "%(count)s queued", asked.queued) % {"count": asked.queued}]
    if asked.already_running:
        parts.append(
            ngettext(
                "%(count)s not changed: already running",
                "%(count)s not changed: already running",
                asked.already_running,
            )
            % {"count": asked.already_running}
        )
    if asked.not_connected:
        parts.append(
            ngettext("%(count)s not connected to Bling", "%(count)s not connected to Bling", asked.not_connected)
            % {"count": asked.not_connected}
        )
    if not (asked.queued or asked.already_running or asked.not_connected):
        parts = [_("Nothing to sync: there is no Bling connection yet.")]
    say = messages.success if asked.queued else messages.warning
    say(request, _("Sync: %(parts)s.") % {"parts": ", ".join(parts)})


def resync(request: HttpRequest, titles: QuerySet[Title]) -> None:
    """Ask for titles to be read from Bling again and sent, and say what came of it."""
    asked = commands.request_resync(titles=titles, user=user_of(request), now=timezone.now())
    enqueue_tick()
    text = ngettext("%(count)s title queued", "%(count)s titles queued", asked.queued) % {"count": asked.queued}
    if asked.ignored:
        text += ", " + ngettext(
            "%(count)s left out: marked as not to be synced",
            "%(count)s left out: marked as not to be synced",
            asked.ignored,
        ) % {"count": asked.ignored}
    if asked.not_connected:
        words = ngettext("%(count)s not changed: %(why)s", "%(count)s not changed: %(why)s", asked.not_connected)
        text += ", " + words % {"count": asked.not_connected, "why": _("Bling is not connected")}
    (messages.success if asked.queued else messages.warning)(request, _("Resync: %(parts)s.") % {"parts": text})


def retry(request: HttpRequest, postings: QuerySet[Posting]) -> None:
    """Send again what a person looked at, and say how many moved."""
    asked = postings.count()
    moved = commands.retry_delivery(postings=postings, user=user_of(request), now=timezone.now())
    enqueue_tick()
    text = ngettext("%(count)s title will be tried again", "%(count)s titles will be tried again", moved) % {
        "count": moved
    }
    left = asked - moved
    if left:
        text += ", " + ngettext(
            "%(count)s not changed: it waits for something else",
            "%(count)s not changed: they wait for something else",
            left,
        ) % {"count": left}
    (messages.success if moved else messages.warning)(request, f"{text}.")


def check_page(request: HttpRequest, model_admin: Any, connection: Any, lines: Any) -> TemplateResponse:
    """Return the page of a connection test: a button first, one line per thing that was tried afterwards."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Test connection"),
        "connection": connection,
        "lines": None if lines is None else [(check_name(line), check_text(line), line) for line in lines],
        "back": page_url(model_admin, connection.pk),
    }
    return TemplateResponse(request, "admin/integrations/kit/check.html", context)


def set_ignored(request: HttpRequest, postings: Iterable[Any], *, ignored: bool, reason: str) -> None:
    """Take titles out of the sync or back in, and say how many were, and why others were not."""
    done = 0
    for posting in postings:
        try:
            commands.set_ignored(
                posting=posting, ignored=ignored, reason=reason, user=user_of(request), now=timezone.now()
            )
        except Refused as error:
            messages.error(request, f"{posting}: {error.message}")
        else:
            done += 1
    enqueue_tick()
    if not done:
        return
    if ignored:
        text = ngettext("%(count)s title is no longer synced.", "%(count)s titles are no longer synced.", done)
    else:
        text = ngettext("%(count)s title is synced again.", "%(count)s titles are synced again.", done)
    messages.success(request, text % {"count": done})

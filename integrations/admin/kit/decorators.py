"""Unfold's decorators with types, so that what they decorate stays checked."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display

Function = TypeVar("Function", bound=Callable[..., Any])


class Label(tuple[str, Any]):
    """A coloured word: a `(key, text)` pair for lists, and its own HTML for an object's page."""

    colours: Mapping[str, str]

    def __html__(self) -> SafeString:
        colour = self.colours[self[0]]
        html = render_to_string("unfold/helpers/label.html", {"type": colour, "text": self[1]})
        return mark_safe(html)  # noqa: S308 - the template escapes both


def _coloured(function: Callable[..., Any], colours: Mapping[str, str]) -> Callable[..., Label]:
    @wraps(function)
    def inner(*args: Any) -> Label:
        key, text = function(*args)
        label = Label((key if key in colours else "", text))
        label.colours = colours
        return label

    return inner


def display(
    description: Any,
    *,
    ordering: str | None = None,
    label: Mapping[str, str] | None = None,
    boolean: bool | None = None,
) -> Callable[[Function], Function]:
    """Describe a list column; `label` colours the words of a `(key, text)` value."""

    def decorate(function: Function) -> Function:
        # Unfold shows the code of a word that has no colour: "" stands for these.
        colours = None if label is None else {"": "default", **label}
        shown = function if colours is None else _coloured(function, colours)
        decorated: Function = unfold_display(
            shown, description=description, ordering=ordering, label=colours, boolean=boolean
        )
        return decorated

    return decorate


def page_action(
    description: Any, *, permissions: Sequence[str], icon: str = "", variant: Any = None, url_path: str | None = None
) -> Callable[[Function], Function]:
    """Declare a button of an object's page; without every permission it is neither shown nor executed."""

    def decorate(function: Function) -> Function:
        decorated: Function = unfold_action(
            function,
            description=description,
            permissions=permissions,
            icon=icon or None,
            variant=variant,
            url_path=url_path,
        )
        return decorated

    return decorate

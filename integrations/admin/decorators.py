"""Unfold's decorators with types, so that what they decorate stays checked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display

Function = TypeVar("Function", bound=Callable[..., Any])


def display(
    description: Any,
    *,
    ordering: str | None = None,
    label: Mapping[str, str] | None = None,
    boolean: bool | None = None,
) -> Callable[[Function], Function]:
    """Describe a list column; `label` colours the words of a `(key, text)` value."""

    def decorate(function: Function) -> Function:
        decorated: Function = unfold_display(
            function, description=description, ordering=ordering, label=label, boolean=boolean
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

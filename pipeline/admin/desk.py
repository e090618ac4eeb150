"""What all pages of the desk share: typed admin classes, history that nobody edits, buttons."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed

if TYPE_CHECKING:  # unfold is untyped; its classes have Django's signatures
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline

__all__ = ["ZONES", "BigHistory", "Desk", "History", "ModelAdmin", "TabularInline"]

M = TypeVar("M", bound=Model)
View = Callable[..., HttpResponseBase]

ZONES = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


class Desk(ModelAdmin[M]):
    """An admin class that shows which filters are in use above its list."""

    list_before_template = "desk/filters_in_use.html"
    list_per_page = 50
    when_empty = "Nothing here yet."


class History(Desk[M]):
    """Rows that only the pipeline writes: looked at, never typed into."""

    actions: Sequence[str] | None = None
    keeps_log = False  # whether what operators press is noted in Django's own history of the row

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["show_history"] = self.keeps_log
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class BigHistory(History[M]):
    """History of a million rows: nothing is counted that was not asked for."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


def button(view: View, permission: str) -> View:
    """The view of a button: 405 to anything but a POST, 403 without the permission."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
        if request.method != "POST":
            # Also where a login led back to the button: nothing has been pressed.
            return HttpResponseNotAllowed(
                ["POST"], "This is a button's address. Go back and press the button."
            )
        if not signed_in(request).has_perm(permission):
            raise PermissionDenied
        return view(request, **named)

    return guarded


def signed_in(request: HttpRequest) -> User:
    """The user; the admin lets nobody else in."""
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user

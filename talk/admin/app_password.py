"""The admin of app passwords: list, create and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from talk.domain.app_passwords import (
    create_app_password,
    may_create_app_password,
    revoke_app_passwords,
)
from talk.exceptions import TalkError
from talk.models import AppPassword

if TYPE_CHECKING:
    Form = forms.ModelForm[AppPassword]
    Admin = admin.ModelAdmin[AppPassword]
else:
    Form = forms.ModelForm
    Admin = admin.ModelAdmin


class AppPasswordForm(Form):
    """Choose the user and the label of a new app password."""

    class Meta:
        model = AppPassword
        fields = ("user", "label")

    def clean(self) -> dict[str, Any]:
        """Check that the user may have another app password.

        Raises:
            ValidationError: the user has the maximum number of app passwords.
        """
        cleaned: dict[str, Any] = super().clean() or {}
        user = cleaned.get("user")
        if user is not None and not may_create_app_password(user=user):
            raise ValidationError(
                _("This user has too many app passwords. Revoke some first."),
                code="too_many",
            )
        return cleaned


@admin.register(AppPassword)
class AppPasswordAdmin(Admin):
    """Create and revoke app passwords, which cannot be changed.

    The permission to add an app password lets staff act in Talk as any user, until the
    app password is revoked.
    """

    list_display = ("__str__", "user", "created_at", "last_used_at")
    list_select_related = ("user",)
    ordering = ("-pk",)
    show_full_result_count = False
    form = AppPasswordForm
    fields = ("user", "label", "created_at", "last_used_at")
    readonly_fields = ("created_at", "last_used_at")
    raw_id_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: AppPassword | None = None) -> Any:
        """Show the times only on the page of an existing app password."""
        return self.fields if obj is not None else AppPasswordForm.Meta.fields

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Search user names, as users log in with them, and labels."""
        return f"user__{get_user_model().USERNAME_FIELD}", "label"

    def has_change_permission(
        self, request: HttpRequest, obj: AppPassword | None = None
    ) -> bool:
        """Return False: app passwords cannot be changed."""
        return False

    def save_model(
        self, request: HttpRequest, obj: AppPassword, form: Any, change: bool
    ) -> None:
        """Create the app password and show it, which happens only once.

        Raises:
            PermissionDenied: the user has been deleted meanwhile, or has reached the
                maximum number of app passwords.
        """
        try:
            created = create_app_password(
                user=obj.user, label=obj.label, now=timezone.now()
            )
        except TalkError as error:
            raise PermissionDenied from error
        obj.pk = created.app_password.pk
        text = _("The app password is %(token)s. It will not be shown again.")
        self.message_user(request, text % {"token": created.token}, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: AppPassword) -> None:
        """Revoke the app password."""
        revoke_app_passwords(ids=[obj.pk])

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[AppPassword]
    ) -> None:
        """Revoke the app passwords."""
        revoke_app_passwords(ids=queryset.values_list("pk", flat=True))

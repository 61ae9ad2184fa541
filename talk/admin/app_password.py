"""App passwords in the admin: who has which, making and revoking them."""

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
    """Whose app password to make, and for what."""

    class Meta:
        model = AppPassword
        fields = ("user", "label")

    def clean(self) -> dict[str, Any]:
        """Refuse one too many.

        Raises:
            ValidationError: the user has as many as one may have.
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
    """Makes and revokes app passwords, which cannot be changed.

    Whoever may add one can act as its user in Talk, as long as it is not revoked.
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
        """Show times only of one that is there."""
        return self.fields if obj is not None else AppPasswordForm.Meta.fields

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Search the name that users log in with, and labels."""
        return f"user__{get_user_model().USERNAME_FIELD}", "label"

    def has_change_permission(
        self, request: HttpRequest, obj: AppPassword | None = None
    ) -> bool:
        """Nobody may change one."""
        return False

    def save_model(
        self, request: HttpRequest, obj: AppPassword, form: Any, change: bool
    ) -> None:
        """Make the app password, and show it this once.

        Raises:
            PermissionDenied: the user is gone, or got as many as one may have meanwhile.
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
        """Revoke it."""
        revoke_app_passwords(ids=[obj.pk])

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[AppPassword]
    ) -> None:
        """Revoke them."""
        revoke_app_passwords(ids=queryset.values_list("pk", flat=True))

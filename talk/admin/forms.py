"""The form of a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from talk.constants import NEW_ROOM_NAME_LENGTH_MAX, RoomType
from talk.domain.room_administration import RoomChanges
from talk.domain.room_changes import require_name
from talk.exceptions import Invalid
from talk.models import Room

if TYPE_CHECKING:
    BaseForm = forms.ModelForm[Room]
else:
    BaseForm = forms.ModelForm


class RoomForm(BaseForm):
    """Change name, type and password of a room; the password is never shown."""

    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Strangers need it to join a public room. Empty: as it is."),
    )
    clear_password = forms.BooleanField(label=_("Remove the password"), required=False)

    class Meta:
        model = Room
        fields = ("name", "type")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "type" in self.fields and not self.instance.is_one_to_one:
            # Only users create one-to-one rooms; no other room becomes one.
            kinds = [kind for kind in RoomType if kind != RoomType.ONE_TO_ONE]
            field: Any = self.fields["type"]
            field.choices = [(kind.value, kind.label) for kind in kinds]

    def clean_name(self) -> str:
        """Check a new name.

        Raises:
            ValidationError: the name is not valid for a room.
        """
        name: str = self.cleaned_data["name"]
        if "name" in self.changed_data:
            try:
                require_name(name)
            except Invalid:
                message = _("A name has 1 to %(most)d characters.")
                raise ValidationError(
                    message, code="invalid", params={"most": NEW_ROOM_NAME_LENGTH_MAX}
                ) from None
        return name

    def clean(self) -> dict[str, Any] | None:
        """Check that the fields fit together."""
        given = super().clean() or {}
        new_type = given.get("type", self.instance.type)
        if given.get("new_password") and given.get("clear_password"):
            self.add_error("clear_password", _("Set a password, or remove it."))
        if given.get("new_password") and new_type != RoomType.PUBLIC:
            self.add_error("new_password", _("Only public rooms have a password."))
        if "name" in self.changed_data and new_type == RoomType.ONE_TO_ONE:
            self.add_error("name", _("A one-to-one room has no name."))
        return given

    def changes(self) -> RoomChanges:
        """Return the changes of the room."""
        given, changed = self.cleaned_data, self.changed_data
        password = given.get("new_password") or None
        if given.get("clear_password"):
            password = ""
        return RoomChanges(
            name=given["name"] if "name" in changed else None,
            type=RoomType(given["type"]) if "type" in changed else None,
            password=password,
        )

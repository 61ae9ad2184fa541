"""The account model."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Account(AbstractBaseUser):
    """Somebody with an address and nothing else, who may see to the site or not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)

    USERNAME_FIELD = "email"

    objects = BaseUserManager()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the account may do something: staff may do everything."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the account may see an app in the admin."""
        return self.is_staff

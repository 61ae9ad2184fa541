"""The site's articles, the login, the admin, and Talk."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

from example_project.views import show_article, show_home

urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", show_home, name="home"),
    path("articles/<int:pk>/", show_article, name="article"),
    path("", include("talk.urls")),
    *staticfiles_urlpatterns(),  # in DEBUG only: the admin's style sheets, and the page's
]

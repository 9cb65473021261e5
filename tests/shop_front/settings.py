"""The tests' settings, for a real site: with pages that fail."""

from tests.settings import *  # noqa: F403 - a settings module that adds one

ROOT_URLCONF = "tests.shop_front.urls"

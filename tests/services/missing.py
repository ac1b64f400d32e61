"""A test whose service is not on this machine fails in CI; elsewhere it is skipped with the reason."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest


class ServiceMissingError(Exception):
    """A service that tests need is not on this machine; the message says what to do about it."""


def must_have_services() -> bool:
    """Whether this run may not go without a service: the environment says CI=true."""
    return os.environ.get("CI") == "true"


def go_without(reason: str) -> NoReturn:
    """End the running test or fixture: failed in CI, skipped elsewhere."""
    if must_have_services():
        raise pytest.fail.Exception(reason, pytrace=False) from None
    raise pytest.skip.Exception(reason) from None


@contextmanager
def or_go_without() -> Iterator[None]:
    """Around what starts a service, in a fixture: a ServiceMissingError ends its tests as `go_without` does."""
    try:
        yield
    except ServiceMissingError as missing:
        go_without(str(missing))

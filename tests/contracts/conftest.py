"""A caller for the contract tests of the simulator itself."""

import pytest

from tests.contracts.caller import Caller


@pytest.fixture
def caller() -> Caller:
    """A fresh simulator behind the in-process adapter; its clock stands still."""
    return Caller()

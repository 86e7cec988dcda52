"""What tests share."""

from __future__ import annotations

import pytest

import bonafide


@pytest.fixture(scope="module")
def detector() -> bonafide.Detector:
    return bonafide.Detector()

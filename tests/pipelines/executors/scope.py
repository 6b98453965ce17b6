"""Which executors a rule of the contract is tested on."""

from __future__ import annotations

import pytest

OWN_PROCESSES = ["local", "ray"]  # another executor joins here
EVERYWHERE = pytest.mark.parametrize("executor", ["inline", *OWN_PROCESSES], indirect=True)
SLOW_RAY = pytest.param("ray", marks=pytest.mark.slow)  # where each test takes seconds: it joins anew, or begins gangs
SLOW_ON_RAY = pytest.mark.parametrize("executor", ["local", SLOW_RAY], indirect=True)

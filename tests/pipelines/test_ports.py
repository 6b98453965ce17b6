from __future__ import annotations

import socket

import pytest

from trivium.pipelines import ports as ports_module
from trivium.pipelines.ports import LOOPBACK, NoPort, free_ports


def test_free_ports_differ_and_are_not_those_that_are_taken() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not set(ports) & set(free_ports(20, taken=ports))
    with pytest.raises(NoPort, match="No 1 free ports"):
        free_ports(1, taken=range(70_000))


def test_a_port_at_which_somebody_listens_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports_module, "FIRST", port)
        monkeypatch.setattr(ports_module, "LAST", port + 1)
        monkeypatch.setattr(ports_module, "TRIES", 1)
        with pytest.raises(NoPort):
            free_ports(1)

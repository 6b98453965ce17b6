from __future__ import annotations

import json

import pytest

from trivium.pipelines.member import Member, environment_of, split_host

HOSTS = ("10.0.0.1:20001", "10.0.0.2:20002", "10.0.0.1:20003", "[fe80::1]:20004")


def test_pytorch_is_told_where_all_meet_and_the_rank_among_all_and_on_its_machine() -> None:
    told = environment_of(Member("g", 2, HOSTS))
    del told["TF_CONFIG"]
    assert told == {
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "20001",
        "RANK": "2",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
    }


def test_tensorflow_is_told_its_cluster_and_its_task() -> None:
    # The form is that of tf.distribute.cluster_resolver.TFConfigClusterResolver.
    assert json.loads(environment_of(Member("g", 1, HOSTS))["TF_CONFIG"]) == {
        "cluster": {"worker": list(HOSTS)},
        "task": {"type": "worker", "index": 1},
    }


@pytest.mark.parametrize(
    ("place", "parts"),
    [("127.0.0.1:80", ("127.0.0.1", "80")), ("[::1]:80", ("::1", "80")), ("node-3:1", ("node-3", "1"))],
)
def test_a_host_is_told_from_its_port(place: str, parts: tuple[str, str]) -> None:
    assert split_host(place) == parts

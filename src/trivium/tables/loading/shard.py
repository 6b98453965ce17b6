"""Which reader of how many: a shard, and its share of the rows."""

from __future__ import annotations

from msgspec import Struct

from trivium.errors import Misuse


class Shard(Struct, frozen=True):
    """Which reader of how many this is: worker `worker` of `workers` in process `rank` of `world`."""

    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1

    @property
    def index(self) -> int:
        """The shard's place among all, from 0."""
        return self.rank * self.workers + self.worker

    @property
    def count(self) -> int:
        """How many shards there are."""
        return self.world * self.workers


def check_shard(shard: Shard) -> Shard:
    """The shard itself. Raises Misuse when it is none of its number."""
    if not (0 <= shard.rank < shard.world and 0 <= shard.worker < shard.workers):
        raise Misuse(
            f"Rank {shard.rank} of {shard.world} with worker {shard.worker} of {shard.workers} is no shard: ranks and "
            "workers count from 0 and are fewer than their number."
        )
    return shard


def share_of(total: int, shard: Shard, *, even: bool, drop_last: bool) -> tuple[int, int]:
    """The rows [first, last) of an epoch that are this shard's; the shards before it have as many or one more.

    even: all have as many. Then the first rows come a second time at the end of the last shards (positions from `total`
    on), or, with `drop_last`, up to a row for each shard is left out.
    """
    whole, more = divmod(total, shard.count)
    if even:
        each = whole if drop_last or not more else whole + 1
        return shard.index * each, (shard.index + 1) * each
    first = shard.index * whole + min(shard.index, more)
    return first, first + whole + (shard.index < more)

"""A network trained by several workers with PyTorch: the same losses as one worker has, and it survives `kill -9`.

trivium run ddp          # with `pipelines = ["ddp.py"]` in trivium.toml
"""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import torch
from torch.nn.parallel import DistributedDataParallel

import trivium as tv


@tv.task
def points(count: int) -> pl.DataFrame:
    chance = np.random.default_rng(7)
    inside = chance.normal(size=(count, 2))
    return pl.DataFrame({"a": inside[:, 0], "b": inside[:, 1], "label": (inside**2).sum(axis=1) < 1.4})


@tv.task(workers=2, retries=2, backoff=1)
def train(rows: pl.DataFrame, steps: int, batch: int) -> bytes:
    """`batch` rows make a step, whatever the number of workers: so that number changes the time, and not the model."""
    worker = tv.current_worker()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    last = worker.latest_checkpoint()
    if last is not None:
        state = torch.load(io.BytesIO(last.value), weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    with tv.process_group() as group:
        model = DistributedDataParallel(network)
        for step in range(last.step + 1 if last else 0, steps):
            mine = worker.shard(rows.slice(step * batch % rows.height, batch), even=True)
            inputs = torch.tensor(mine.select("a", "b").to_numpy(), dtype=torch.float32)
            labels = torch.tensor(mine["label"].to_numpy(), dtype=torch.float32)
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs).squeeze(1), labels)
            torch.autograd.backward(loss)  # here the workers add up what they found
            optimizer.step()
            group.all_reduce(total := loss.detach().clone())
            print(f"step {step}: loss {total.item() / worker.world_size:.6f}")
            tv.log_metric("loss", total.item() / worker.world_size, step)
            worker.save_checkpoint(state_of(network=network, optimizer=optimizer), step)
    return state_of(network=network)


def state_of(**parts: torch.nn.Module | torch.optim.Optimizer) -> bytes:
    kept = io.BytesIO()
    torch.save({name: part.state_dict() for name, part in parts.items()}, kept)
    return kept.getvalue()


@tv.pipeline
def ddp(count: int = 2048, steps: int = 12, batch: int = 256, workers: int = 2) -> bytes:
    return train.using(workers=workers)(points(count), steps, batch)

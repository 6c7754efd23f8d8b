#!/usr/bin/env python3
"""The peer of the benchmark of tuners (dev.peft4j.samples.bench.TunerBench) in PyTorch and Hugging Face peft:

    ./mvnw -q -Pbench -Dworkload=tuners -Dpeer="python3 samples/src/test/python/tuner_steps.py" verify

Reads lines of JSON, {"config": {"peft_type": "LOHA", ...}, "seconds": 1, "threads": 2}, and answers each with
the times of a training step on Linear 1024 -> 4096 -> 1024, batch 64: {"step_ms": ..., "step_cpu_ms": ..., "trained": ...}.
"""
import json
import os
import resource
import statistics
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402
from peft import PeftType, get_peft_model  # noqa: E402
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING  # noqa: E402
from torch import nn  # noqa: E402


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 4096), nn.Linear(4096, 1024)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def processor():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def measure(config, seconds):
    settings = {k: v for k, v in config.items() if k != "peft_type"}
    torch.manual_seed(0)
    model = get_peft_model(Mlp(), PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(config["peft_type"])](**settings))
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    x, y = torch.randn(64, 1024), torch.randn(64, 1024)

    def step():
        t = time.perf_counter()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        return time.perf_counter() - t

    warm, i = step(), 1
    slow = warm > seconds  # then one step has to do
    while not slow and (i < 2 or warm < seconds / 4):  # nothing is compiled there
        warm, i = warm + step(), i + 1
    times, before = [], processor()
    while len(times) < (1 if slow else 5) or sum(times) < seconds:
        times.append(step())
    return {
        "step_ms": 1e3 * statistics.median(times),
        "step_cpu_ms": 1e3 * (processor() - before) / len(times),
        "trained": sum(p.numel() for p in trained),
    }


for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    print(json.dumps(measure(request["config"], request["seconds"])), flush=True)

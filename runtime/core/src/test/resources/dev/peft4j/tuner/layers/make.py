#!/usr/bin/env python3
"""What peft computes on layers that the golden cases have not: nn.Conv1d and transformers' Conv1D.

    python3 make.py        (torch 2.13.0, peft 0.21.0) writes one file a case beside this script

A file holds base.NAME, adapter.KEY, input, target, output, grad.NAME, merged.NAME, and the adapter's settings as metadata.
"""
import json, os, tempfile, warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import torch.nn.functional as F
from peft import IA3Config, LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.pytorch_utils import Conv1D


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv1d(3, 4, 3, stride=2, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.conv(x)).mean(2))


class Transposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.proj = Conv1D(8, 6), Conv1D(6, 8)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.randn_like(p) * 0.4)

    def forward(self, x):
        return self.proj(F.gelu(self.fc(x)))


L = LoraConfig
FC = ["fc", "proj"]
CASES = {
    "conv1d": (Convolution, lambda: L(r=2, lora_alpha=3, target_modules=["conv"])),
    "conv1d-dora": (Convolution, lambda: L(r=2, use_dora=True, target_modules=["conv", "head"])),
    "conv1d-lora-bias": (Convolution, lambda: L(r=2, lora_bias=True, use_rslora=True, target_modules=["conv"])),
    "conv1d-gaussian-bias": (Convolution, lambda: L(r=3, init_lora_weights="gaussian", bias="lora_only", target_modules=["conv"])),
    "transposed": (Transposed, lambda: L(r=2, lora_alpha=3, target_modules=FC)),
    "transposed-dora": (Transposed, lambda: L(r=2, use_dora=True, fan_in_fan_out=True, target_modules=FC)),
    "transposed-pissa": (Transposed, lambda: L(r=3, init_lora_weights="pissa", fan_in_fan_out=True, target_modules=FC)),
    "transposed-orthogonal": (Transposed, lambda: L(r=2, init_lora_weights="orthogonal", target_modules="all-linear")),
    "transposed-lora-bias": (Transposed, lambda: L(r=2, lora_bias=True, target_modules=["fc"])),
    "transposed-ia3": (Transposed, lambda: IA3Config(target_modules=FC, feedforward_modules=["proj"])),
}
HERE = os.path.dirname(os.path.abspath(__file__))

for seed, (name, (kind, make)) in enumerate(CASES.items()):
    torch.manual_seed(seed)
    base = kind()
    t = {f"base.{n}": p.detach().clone() for n, p in base.state_dict().items()}
    model = get_peft_model(base, make())
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(torch.randn_like(p) * 0.1)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        t |= {f"adapter.{k}": v for k, v in load_file(os.path.join(folder, "adapter_model.safetensors")).items()}
        config = open(os.path.join(folder, "adapter_config.json")).read()
    t["input"] = torch.randn(2, 3, 7) if kind is Convolution else torch.randn(2, 3, 6)
    y = model(t["input"])
    t["output"], t["target"] = y.detach(), torch.randn_like(y)
    F.mse_loss(y, t["target"]).backward()
    t |= {f"grad.{n}": p.grad for n, p in model.named_parameters() if p.requires_grad}
    merged = model.merge_and_unload()
    t |= {f"merged.{n}": p.detach() for n, p in merged.state_dict().items()}
    t["merged_output"] = merged(t["input"]).detach()
    save_file({k: v.contiguous() for k, v in t.items()}, os.path.join(HERE, name + ".safetensors"), {"config": config})

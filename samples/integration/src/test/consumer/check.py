"""Loads the base model and the adapter, and compares what comes out with what the JVM computed."""

import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file

folder = sys.argv[1]
exported = load_file(folder + "/export.safetensors")
x, y = exported["x"], exported["y"]
tensors = load_file(folder + "/base/model.safetensors")


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = torch.nn.Linear(width, 2 * width)
        self.down = torch.nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(x)))


class Model(torch.nn.Module):
    def __init__(self, width, depth, out):
        super().__init__()
        self.blocks = torch.nn.ModuleList(Block(width) for _ in range(depth))
        self.head = torch.nn.Linear(width, out)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


base = Model(8, 2, tensors["head.weight"].shape[0])
base.load_state_dict(tensors)
without = base(x)
model = PeftModel.from_pretrained(base, folder + "/adapter")
saved = load_file(folder + "/adapter/adapter_model.safetensors")
assert any("lora_A" in name for name in saved) and any("head" in name for name in saved), list(saved)
with_adapter = model(x)
assert torch.allclose(with_adapter, y, atol=1e-5), (with_adapter - y).abs().max()
assert not torch.allclose(without, y, atol=1e-2), "the adapter does nothing"
print("same as in peft, up to", (with_adapter - y).abs().max().item())

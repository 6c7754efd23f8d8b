"""Writes the files in this folder with safetensors, PyYAML and peft; run it to make them anew.

python make.py     (safetensors 0.8.0, torch 2.13.0, peft 0.21.0, transformers 5.18)
"""

import json
import os
import random
import struct
import sys

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))


def path(*parts):
    p = os.path.join(here, *parts)
    os.makedirs(os.path.dirname(p), exist_ok=True)
    return p


# Every type that torch can save; the reader's conversions are compared with these lists.
values = {
    "f64": torch.tensor([[1.5, -2.25], [1e30, float("inf")]], dtype=torch.float64),
    "f32": torch.tensor([[0.1, -0.2, 3e38]], dtype=torch.float32),
    "f16": torch.tensor([1.0, -0.333, 65504.0, 6e-8, float("-inf")], dtype=torch.float16),
    "bf16": torch.tensor([1.0, -0.333, 3e38, 1e-40], dtype=torch.bfloat16),
    "i64": torch.tensor([2**62, -1], dtype=torch.int64),
    "i32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
    "i16": torch.tensor([-32768, 32767], dtype=torch.int16),
    "i8": torch.tensor([-128, 127, 0], dtype=torch.int8),
    "u8": torch.tensor([255, 0, 1], dtype=torch.uint8),
    "u16": torch.tensor([65535], dtype=torch.uint16),
    "u32": torch.tensor([2**32 - 1], dtype=torch.uint32),
    "u64": torch.tensor([2**63 - 1], dtype=torch.uint64),
    "bool": torch.tensor([True, False, True]),
    "f8": torch.tensor([1.0], dtype=torch.float8_e4m3fn),
    "scalar": torch.tensor(7.0),
    "empty": torch.zeros(0, 3),
}
save_file(values, path("types.safetensors"), metadata={"format": "pt", "made by": "make.py ü"})

# Names that need escapes, and an order that is not Java's; the writer has to give the same bytes.
names = ["b", "a", "", "é", "\U0001f600", "\uffee", 'q"\\/', "\t\n\r\b\f\x01\x7f", "layers.10.w", "layers.9.w"]
tensors = {n: torch.arange(i + 1, dtype=torch.float32) for i, n in enumerate(names)}
tensors["ids"] = torch.tensor([[1, 2], [3, 4]], dtype=torch.int64)
tensors["mask"] = torch.tensor([1, 0, -1], dtype=torch.int32)
save_file(tensors, path("names.safetensors"), metadata={"format": "pt"})

# Floats in Python's words, with their bits.
rnd = random.Random(1)
doubles = [0.0, -0.0, 1e-5, 1e-4, 0.00012, 4.0, 1e15, 1e16, 1.5e16, 123456789012345680.0, 1e22, 1e23, 2e23, 5e-324, 2e-323,
           1.7976931348623157e308, 2.2250738585072014e-308, 0.1, 1 / 3, 9007199254740993.0, 9.5e-5, -1e100, float("nan"),
           float("inf"), float("-inf")]
doubles += [struct.unpack("<d", struct.pack("<Q", rnd.getrandbits(64)))[0] for _ in range(300)]
doubles += [round(rnd.uniform(-10, 10), rnd.randint(0, 6)) for _ in range(100)]
doubles += [float(f"{rnd.randint(1, 99)}e{rnd.randint(-30, 30)}") for _ in range(100)]
with open(path("floats.txt"), "w") as f:
    for d in doubles:
        f.write(f"{struct.unpack('<Q', struct.pack('<d', d))[0]:016x} {json.dumps(d)}\n")

tree = {"z": [], "a": {}, "é\U0001f600\uffee": "ü\x7f\n/\"\\", "\U0001f600": 1, "\uffee": 2, "n": None, "t": True, "f": False,
        "i": 4, "d": 4.0, "e": 1e-05, "big": 2**70, "nested": {"b": [1, [2.5, []], {"y": {}, "x": float("nan")}], "a": float("inf")}}
with open(path("tree.json"), "w") as f:
    f.write(json.dumps(tree, indent=2, sort_keys=True))

# Scalars in YAML, as a model card's front matter has them.
from huggingface_hub.utils import yaml_dump

texts = ["org/name", "lora", "base_model:adapter:org/name", "some/bert: x", "base_model:adapter:", "true", "1", "1.5", "1e5", "-x",
         "- x", "#x", "a #b", "", " a", "it's", "'q", "null", "2024-01-01", "@x", "é", "a: b", "C:\\models\\x", "/tmp/my model", "?",
         "*a", "0x1f", "y", "On", "...", "---x", "[a]", "a[b]", "{", ".5", "1_000", "=", "<<", "~", "a,b", "%x", "v1.0", "7b", "1:30"]
with open(path("yaml.txt"), "w") as f:
    for t in texts:
        f.write(json.dumps(t) + "\t" + yaml_dump({"k": t}).rstrip("\n")[3:] + "\n")

# Adapters.
from peft import LoraConfig, get_peft_model


class BaseModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 4)

    def forward(self, x):
        return self.linear(x)


BaseModel.__module__ = "models"
torch.manual_seed(0)
model = get_peft_model(BaseModel(), LoraConfig(r=1, lora_alpha=4, target_modules=["linear"]))
model.save_pretrained(path("adapter", "x")[:-2])
with open(path("adapter", "README.md"), "a") as f:
    f.write("\n\nA line of mine.\n")
text = open(path("adapter", "README.md")).read().replace("library_name: peft", "license: mit\nlibrary_name: other").replace("- lora", "- mine")
card = path("card-old.md")
with open(card, "w") as f:
    f.write(text.replace("- PEFT 0.21.0", "- PEFT 0.1.0"))
os.makedirs("/tmp/card-update", exist_ok=True)
os.system(f"cp {card} /tmp/card-update/README.md")
os.remove(path("adapter", "README.md"))
model.save_pretrained(path("adapter", "x")[:-2])
model.save_pretrained("/tmp/card-update")
os.system(f"cp /tmp/card-update/README.md {path('card-updated.md')}; rm -r /tmp/card-update")

from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
base = LlamaForCausalLM(LlamaConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8))
base.config._name_or_path = base.name_or_path = "org/tiny-llama"
config = LoraConfig(r=2, lora_alpha=2.5, lora_dropout=0.05, target_modules="model\\.layers\\.0\\.self_attn\\.(q|v)_proj", task_type="CAUSAL_LM",
                    rank_pattern={"v_proj": 1, "q_proj": 3}, alpha_pattern={"é": 1.5}, use_rslora=True)
get_peft_model(base, config, adapter_name="extra").save_pretrained(path("named", "x")[:-2])

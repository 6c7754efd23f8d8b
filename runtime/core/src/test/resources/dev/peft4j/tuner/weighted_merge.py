"""Writes weighted_merge.safetensors: what peft's add_weighted_adapter makes of three adapters.

Keys: in.ADAPTER.KEY, the adapters' weights as in their files; out.CASE.LAYER, scale * B @ A of the new adapter; for the
random methods mean.CASE.LAYER and std.CASE.LAYER over many draws. A case is METHOD|ADAPTERS|WEIGHTS|OPTIONS.
"""

import sys
import warnings

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
torch.manual_seed(7)
DRAWS = 1500


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = torch.nn.Linear(6, 5)
        self.emb = torch.nn.Embedding(7, 4)
        self.conv = torch.nn.Conv2d(2, 6, 3)
        self.point = torch.nn.Conv2d(5, 4, 1)

    def forward(self, x):
        return self.lin(x)


def config(r, alpha, targets, **more):
    return LoraConfig(r=r, lora_alpha=alpha, target_modules=targets, **more)


everything = ["lin", "emb", "conv", "point"]
model = get_peft_model(Model(), config(2, 4, everything), "a")
model.add_adapter("b", config(2, 1, everything))
model.add_adapter("c", config(3, 7, ["lin", "conv"], rank_pattern={"conv": 2}))
model.add_adapter("d", config(2, 2, ["lin", "conv"]))
model.add_adapter("s", config(2, 3, everything, use_rslora=True))
out = {}
for name, p in model.named_parameters():
    if "lora_" in name:
        p.data = torch.randn(p.shape)
for adapter in "abcds":
    for name, p in model.named_parameters():
        for suffix in (f".{adapter}.weight", f".{adapter}"):
            if "lora_" in name and name.endswith(suffix):
                key = name.removesuffix(suffix) + suffix.removeprefix(f".{adapter}")
                out[f"in.{adapter}.{key}"] = p.data.clone()


def products(adapter):
    for path in everything:
        layer = model.base_model.model.get_submodule(path)
        if adapter in layer.lora_embedding_A:
            a, b = layer.lora_embedding_A[adapter], layer.lora_embedding_B[adapter]
        elif adapter in layer.lora_A:
            a, b = layer.lora_A[adapter].weight, layer.lora_B[adapter].weight
        else:
            continue
        a, b = a.detach().reshape(a.shape[0], -1), b.detach().reshape(b.shape[0], -1)
        yield path, layer.scaling[adapter], a, b


def combine(method, adapters, weights, options):
    kwargs = {}
    for key, value in options.items():
        kwargs[key] = value
    model.base_model.add_weighted_adapter(list(adapters), weights, "new", combination_type=method, **kwargs)
    return {path: (s, a.clone(), b.clone()) for path, s, a, b in products("new")}


def label(method, adapters, weights, options):
    rest = ",".join(f"{k}={v}" for k, v in options.items())
    return f"{method}|{adapters}|{','.join(map(str, weights))}|{rest}"


cases = [
    ("cat", "ab", [0.7, -1.3], {}),
    ("cat", "abc", [1.0, 0.5, -2.0], {}),
    ("cat", "s", [0.7], {}),
    ("linear", "ab", [0.7, 0.3], {}),
    ("linear", "ab", [0.7, -1.3], {}),
    ("linear", "as", [1.0, 1.0], {}),
    ("linear", "sa", [1.0, 1.0], {}),
    ("svd", "a", [-0.4], {}),
    ("svd", "ab", [0.7, -1.3], {}),
    ("svd", "abc", [1.0, 0.5, -2.0], {"svd_rank": 1}),
    ("svd", "abc", [1.0, 0.5, -2.0], {"svd_rank": 4}),
    ("svd", "ac", [1.0, 0.5], {"svd_full_matrices": False}),
    ("ties", "ab", [0.7, 0.3], {"density": 0.5}),
    ("ties", "ab", [0.7, -1.3], {"density": 0.3, "majority_sign_method": "frequency"}),
    ("ties", "abs", [0.7, 1.3, 0.2], {"density": 0.8}),
    ("ties_svd", "abc", [0.7, -1.3, 0.5], {"density": 0.4, "svd_rank": 3}),
    ("ties_svd", "ac", [0.7, 1.3], {"density": 0.6, "majority_sign_method": "frequency", "svd_rank": 4}),
    ("magnitude_prune", "ab", [0.7, -1.3], {"density": 0.5}),
    ("magnitude_prune", "abs", [1.0, 0.2, 0.4], {"density": 0.21}),
    ("magnitude_prune_svd", "abc", [0.7, -1.3, 0.5], {"density": 0.35, "svd_rank": 4}),
    ("dare_linear", "ab", [0.7, -1.3], {"density": 1.0}),
    ("dare_ties", "ab", [0.7, -1.3], {"density": 1.0}),
    ("dare_linear_svd", "abc", [0.7, -1.3, 0.5], {"density": 1.0, "svd_rank": 4}),
    ("dare_ties_svd", "abc", [0.7, -1.3, 0.5], {"density": 1.0, "svd_rank": 2}),
]
for case in cases:
    for path, (scale, a, b) in combine(*case).items():
        out[f"out.{label(*case)}.{path}"] = scale * b @ a
    model.delete_adapter("new")

random_cases = [
    ("dare_linear", "ab", [0.7, -1.3], {"density": 0.4}),
    ("dare_ties", "ab", [0.7, 0.5], {"density": 0.6}),
    ("dare_ties", "ab", [0.7, 0.5], {"density": 0.6, "majority_sign_method": "frequency"}),
    ("dare_linear_svd", "cd", [0.7, -1.3], {"density": 0.4, "svd_rank": 5}),
    ("dare_ties_svd", "cd", [0.7, 1.3], {"density": 0.7, "svd_rank": 5}),
]
for case in random_cases:
    draws = {}
    for _ in range(DRAWS):
        for path, (scale, a, b) in combine(*case).items():
            draws.setdefault(path, []).append(scale * b @ a)
        model.delete_adapter("new")
    for path in ("lin", "conv"):
        all_draws = torch.stack(draws[path])
        out[f"mean.{label(*case)}.{path}"] = all_draws.mean(0)
        out[f"std.{label(*case)}.{path}"] = all_draws.std(0)
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1])
print(len(out), "tensors")

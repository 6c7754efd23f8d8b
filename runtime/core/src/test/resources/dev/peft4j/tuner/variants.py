"""variants.py FOLDER CASES: loads the adapters in here-N with peft, and saves others in there-N."""
import os
import random
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import torch
    import torch.nn.functional as F
    from peft import LoraConfig, PeftModel, get_peft_model
    from safetensors.torch import load_file, save_file
    from torch import nn
    from transformers.pytorch_utils import Conv1D
except ImportError as e:
    print(e)
    sys.exit(42)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(16, 32), nn.Linear(32, 32, bias=False), nn.Linear(32, 8)
        self.norm = nn.LayerNorm(32)

    def forward(self, x):
        return self.head(F.gelu(self.fc2(self.norm(F.relu(self.fc1(x))))))


class Zoo(nn.Module):
    """One layer of each type; every second case is about it."""

    def __init__(self):
        super().__init__()
        self.embed, self.proj, self.turned = nn.Embedding(12, 6), nn.Linear(6, 6), Conv1D(8, 6)
        self.conv, self.pic = nn.Conv1d(8, 5, 3, padding=1), nn.Conv2d(1, 3, 3, stride=2, padding=1)
        self.head = nn.Linear(3, 4)

    def forward(self, ids):
        x = torch.relu(self.conv(self.turned(torch.tanh(self.proj(self.embed(ids)))).transpose(1, 2)))
        return self.head(F.gelu(self.pic(x.unsqueeze(1))).mean((2, 3)))


def model_of(folder):
    return Mlp() if int(folder.rsplit("-", 1)[1]) % 2 == 0 else Zoo()


def names(model, folder):
    with open(folder + "/params.txt", "w") as f:
        f.write("".join(n + "\n" for n, _ in model.named_parameters()))


def load(folder):
    io = load_file(folder + "/io.safetensors")
    base = model_of(folder)
    base.load_state_dict({k[5:]: v for k, v in io.items() if k.startswith("base.")})
    model = PeftModel.from_pretrained(base, folder + "/adapter").eval()
    with torch.no_grad():
        save_file({"output": model.base_model(io["x"])}, folder + "/peft.safetensors")
    names(model, folder)


def start(r, linear, olora=True):
    """The settings of one of LoRA's variants; peft's OLoRA cannot initialise transformers' Conv1D."""
    choice = r.randint(0, 6)
    if choice == 0:
        return dict(use_dora=True, init_lora_weights=r.choice([True, False, "gaussian"]))
    if choice == 1:
        return dict(lora_bias=True, init_lora_weights=r.choice([True, False]))
    if choice == 2 and linear:
        return dict(init_lora_weights=r.choice(["pissa", "olora" if olora else "pissa"]), use_dora=r.random() < 0.3)
    if choice == 3 and linear:
        return dict(init_lora_weights="orthogonal", r=r.choice([2, 4, 6]), rank_pattern={})
    return dict(init_lora_weights=r.choice([True, False, "gaussian"]))


def config(r):
    targets = r.choice([["fc1", "fc2"], "fc[12]|head", "all-linear", ["fc2"]])
    settings = dict(
        target_modules=targets,
        exclude_modules=["fc2"] if targets == "all-linear" else None,
        modules_to_save=["head", "norm"] if targets == ["fc2"] else None,
        r=r.randint(1, 7),
        lora_alpha=r.choice([1, 8, 0.5, 3.25]),
        use_rslora=r.random() < 0.5,
        lora_dropout=r.choice([0.0, 0.1]),
        bias=r.choice(["none", "all", "lora_only"]),
        rank_pattern=r.choice([{}, {"fc2": 3}]),
        alpha_pattern=r.choice([{}, {"fc2|fc1": 5}]),
        task_type=r.choice([None, "FEATURE_EXTRACTION"]),
    )
    started = start(r, True)
    if started.get("lora_bias") and targets != "all-linear":
        settings["target_modules"] = ["fc1"]  # a layer without a bias cannot be merged
        settings["modules_to_save"] = None
    return LoraConfig(**(settings | started))


def zoo_config(r):
    targets = r.choice([["embed", "proj"], ["turned"], ["proj", "turned", "head"], ["conv", "pic"], "conv|pic|head|turned", "all-linear"])
    linear = not ("conv" in targets or "embed" in targets)
    started = start(r, linear and "conv" not in str(targets), False)
    if "embed" in targets:
        started.pop("lora_bias", None)
    tokens = None if "embed" in targets else r.choice([None, {"embed": [0, 3, 11]}, {"embed": [7]}])
    settings = dict(
        target_modules=targets,
        trainable_token_indices=tokens,
        r=r.randint(1, 5),
        lora_alpha=r.choice([1, 8, 0.5, 3.25]),
        use_rslora=r.random() < 0.5,
        bias=r.choice(["none", "all", "lora_only"]),
        rank_pattern=r.choice([{}, {"pic": 3, "turned": 2}]),
    )
    return LoraConfig(**(settings | started))


def save(folder, seed):
    torch.manual_seed(seed)
    base = model_of(folder)
    io = {"base." + k: v.clone() for k, v in base.state_dict().items()}
    model = get_peft_model(base, (config if isinstance(base, Mlp) else zoo_config)(random.Random(seed)))
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(torch.randn_like(p) * 0.1)
        model.eval()
        io["x"] = torch.randn(5, 16) if isinstance(base, Mlp) else torch.randint(0, 12, (5, 4))
        io["output"] = model.base_model(io["x"])
    model.save_pretrained(folder + "/adapter")
    save_file(io, folder + "/io.safetensors")
    names(model, folder)


for i in range(int(sys.argv[2])):
    load(f"{sys.argv[1]}/here-{i}")
    save(f"{sys.argv[1]}/there-{i}", i)

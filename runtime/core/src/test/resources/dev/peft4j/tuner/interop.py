"""interop.py FOLDER CASES: loads the adapters in here-N with peft, and saves others in there-N."""
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


def names(model, folder):
    with open(folder + "/params.txt", "w") as f:
        f.write("".join(n + "\n" for n, _ in model.named_parameters()))


def load(folder):
    io = load_file(folder + "/io.safetensors")
    base = Mlp()
    base.load_state_dict({k[5:]: v for k, v in io.items() if k.startswith("base.")})
    model = PeftModel.from_pretrained(base, folder + "/adapter").eval()
    with torch.no_grad():
        save_file({"output": model.base_model(io["x"])}, folder + "/peft.safetensors")
    names(model, folder)


def config(r):
    targets = r.choice([["fc1", "fc2"], "fc[12]|head", "all-linear", ["fc2"]])
    return LoraConfig(
        target_modules=targets,
        exclude_modules=["fc2"] if targets == "all-linear" else None,
        modules_to_save=["head", "norm"] if targets == ["fc2"] else None,
        r=r.randint(1, 7),
        lora_alpha=r.choice([1, 8, 0.5, 3.25]),
        use_rslora=r.random() < 0.5,
        lora_dropout=r.choice([0.0, 0.1]),
        bias=r.choice(["none", "all", "lora_only"]),
        init_lora_weights=r.choice([True, False, "gaussian"]),
        rank_pattern=r.choice([{}, {"fc2": 3}]),
        alpha_pattern=r.choice([{}, {"fc2|fc1": 5}]),
        task_type=r.choice([None, "FEATURE_EXTRACTION"]),
    )


def save(folder, seed):
    torch.manual_seed(seed)
    base = Mlp()
    io = {"base." + k: v.clone() for k, v in base.state_dict().items()}
    model = get_peft_model(base, config(random.Random(seed)))
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(torch.randn_like(p) * 0.1)
        model.eval()
        io["x"] = torch.randn(5, 16)
        io["output"] = model.base_model(io["x"])
    model.save_pretrained(folder + "/adapter")
    save_file(io, folder + "/io.safetensors")
    names(model, folder)


for i in range(int(sys.argv[2])):
    load(f"{sys.argv[1]}/here-{i}")
    save(f"{sys.argv[1]}/there-{i}", i)

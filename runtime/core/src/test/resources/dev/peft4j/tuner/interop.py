"""interop.py FOLDER CASES SEED: loads the adapters in here-N with peft, and saves others in there-N."""
import copy
import json
import os
import random
import shutil
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


class Attn(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6, bias=False)

    def forward(self, x):
        return self.v_proj(x) * torch.sigmoid(self.q_proj(x) + self.k_proj(x))


class Ffn(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 10), nn.Linear(10, 6)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn, self.mlp = Attn(), Ffn()

    def forward(self, x):
        x = x + self.attn(x)
        return x + self.mlp(x)


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(11, 6)
        self.layers = nn.ModuleList([Block() for _ in range(3)])

    def forward(self, ids):
        x = self.emb(ids)
        for layer in self.layers:
            x = layer(x)
        return x


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.score = Body(), nn.Linear(6, 4)

    def forward(self, ids):
        return self.score(self.body(ids))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.head = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 3, 1), nn.Linear(3, 5)

    def forward(self, x):
        return self.head(F.relu(self.conv2(F.relu(self.conv1(x)))).mean(dim=(2, 3)))


MODELS = {"mlp": Mlp, "tagger": Tagger, "conv": ConvNet}
INPUTS = {"mlp": (5, 16), "tagger": (3, 7), "conv": (2, 2, 5, 5)}


def names(model, path):
    with open(path, "w") as f:
        f.write("".join(n + "\n" for n, _ in model.named_parameters()))


def read(folder, key):
    with open(folder + "/" + key) as f:
        return f.read().split()


def same(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return sorted(map(str, a)) == sorted(map(str, b))
    return a == b


def load(folder):
    """Loads what was saved here, on its own and with all adapters in one model."""
    io = load_file(folder + "/io.safetensors")
    base = MODELS[read(folder, "model.txt")[0]]()
    base.load_state_dict({k[5:]: v for k, v in io.items() if k.startswith("base.")})
    adapters = read(folder, "adapters.txt")
    out = {}
    for adapter in adapters:
        place = folder + "/adapter" + ("" if adapter == "default" else "/" + adapter)
        model = PeftModel.from_pretrained(copy.deepcopy(base), place).eval()
        with torch.no_grad():
            out["output." + adapter] = model.base_model(io["x"]).contiguous()
        names(model, f"{folder}/params.{adapter}.txt")
        again = folder + "/again-" + adapter
        model.save_pretrained(again)
        mine, theirs = (json.load(open(p + "/adapter_config.json")) for p in (place, again))
        # the class's place is another one here and there
        differences = [k for k in theirs if not same(mine.get(k), theirs[k]) and k != "auto_mapping"]
        differences += [k for k in mine if k not in theirs]
        kept, saved = (load_file(p + "/adapter_model.safetensors") for p in (place, again))
        differences += [k for k in saved if k not in kept or not torch.equal(kept[k], saved[k])]
        differences += [k for k in kept if k not in saved]
        with open(f"{folder}/differences.{adapter}.txt", "w") as f:
            f.write("".join(f"{k}: here {mine.get(k)}, peft {theirs.get(k)}\n" for k in differences))
    save_file(out, folder + "/peft.safetensors")


def subset(r, items):
    return r.sample(items, r.randint(1, len(items)))


def config(r, model, biases, alone):
    more = {}
    if model == "mlp":
        kind = r.randint(0, 3)
        targets = [subset(r, ["fc1", "fc2", "head"]), r.choice(["fc[12]|head", "fc.", ".*(1|2)"]), "all-linear", ["fc2"]][kind]
        if kind == 2:
            more["exclude_modules"] = r.choice([["fc2"], "fc1|head", None])
        if kind == 3:
            more["modules_to_save"] = r.choice([["head", "norm"], ["norm"], ["head"]])
        patterns = ["fc2", "fc1|fc2", "^head", "nothing"]
    elif model == "tagger":
        kind = r.randint(0, 4)
        suffixes = ["q_proj", "k_proj", "v_proj", "fc1", "fc2", "attn.q_proj", "emb"]
        paths = [f"body.layers.{i}.{p}" for i in range(3) for p in ("attn.q_proj", "attn.v_proj", "mlp.fc1")]
        targets = [
            subset(r, suffixes),
            subset(r, paths) + r.choice([[], ["score"]]),
            r.choice([r".*\.(q|k)_proj", r"body\.layers\.[02]\..*fc\d", r"(body\.emb|score)"]),
            "all-linear",
            subset(r, ["q_proj", "fc2"]),
        ][kind]
        if kind == 3:
            more["exclude_modules"] = r.choice([["score"], r".*\.0\..*", ["fc1", "attn.k_proj"]])
        if kind == 4:
            more["layers_to_transform"] = r.choice([[0, 2], 1, [1]])
            more["layers_pattern"] = r.choice([None, "layers", ["layers"]])
        if kind in (0, 2) and "score" not in str(targets) and r.random() < 0.6:
            more["modules_to_save"] = r.choice([["score"], ["score", "body.layers.1.mlp"] if kind == 2 else ["score"]])
        patterns = ["q_proj", "layers.1.attn.q_proj", "^body.layers.0.mlp.fc1", r"layers\.\d+\.mlp\.fc2", "emb"]
    else:
        targets = r.choice([["conv1"], ["conv1", "conv2"], ["conv2", "head"], r"conv\d|head", "all-linear"])
        if targets == ["conv1"]:
            more["modules_to_save"] = r.choice([["head"], ["conv2", "head"], None])
        patterns = ["conv1", "conv2|head", "head"]
    more.setdefault("task_type", r.choice([None, "FEATURE_EXTRACTION"]))
    starts = [True, True, False, "gaussian"] + (["orthogonal", "pissa", "olora"] if alone else [])
    if alone and (model == "conv" or "emb" in str(targets)):
        starts = [True, False]  # the others are for linear layers
    init = r.choice(starts)
    if r.random() < 0.3:
        more["use_dora"] = True
    elif init in (True, False) and r.random() < 0.3 and not (model == "tagger" and "emb" in str(targets)):
        more["lora_bias"] = True
    rank = 2 * r.randint(1, 3) if init == "orthogonal" else r.randint(1, 4 if init in ("pissa", "olora") else 7)
    even = 2 if init == "orthogonal" else 1
    return LoraConfig(
        target_modules=targets,
        r=rank,
        lora_alpha=r.choice([1, 8, 0.5, 3.25]),
        use_rslora=r.random() < 0.5,
        lora_dropout=r.choice([0.0, 0.1]),
        bias=r.choice(biases),
        init_lora_weights=init,
        # sorted: the file has them so, and peft itself could not load it where the order decides
        rank_pattern={p: even * r.randint(1, 2 if even == 2 else 4) for p in sorted(r.sample(patterns, r.randint(0, 2)))},
        alpha_pattern={p: r.choice([2, 5.5]) for p in sorted(r.sample(patterns, r.randint(0, 2)))},
        **more,
    )


def save(folder, seed):
    """Saves one to three adapters of one model; fewer if peft fails, as it does where they meet in a module."""
    for count in (random.Random(seed).choice([1, 1, 2, 3]), 2, 1):
        try:
            return save_some(folder, seed, count)
        except (TypeError, ValueError, KeyError):
            shutil.rmtree(folder)
            if count == 1:
                raise


def save_some(folder, seed, count):
    torch.manual_seed(seed)
    r = random.Random(seed)
    kind = r.choice(["mlp", "tagger", "tagger", "conv"])
    base = MODELS[kind]()
    os.makedirs(folder)
    io = {"base." + k: v.clone() for k, v in base.state_dict().items()}
    io["x"] = torch.randint(0, 11, INPUTS[kind]) if kind == "tagger" else torch.randn(INPUTS[kind])
    adapters = ["default", "second", "third_one"][:count]
    model = get_peft_model(base, config(r, kind, ["none", "all", "lora_only"], count == 1))
    trainable = [n for n, p in model.named_parameters() if p.requires_grad]
    for adapter in adapters[1:]:
        model.add_adapter(adapter, config(r, kind, ["none"], False))
    with torch.no_grad():
        for n, p in model.named_parameters():
            own = n in trainable or any(f".{a}." in n or n.endswith("." + a) for a in adapters)
            if own:
                p.add_(torch.randn_like(p) * 0.1)
        for adapter in adapters:
            model.set_adapter(adapter)
            model.eval()
            io["output." + adapter] = model.base_model(io["x"]).contiguous()
    model.save_pretrained(folder + "/adapter")
    save_file(io, folder + "/io.safetensors")
    with open(folder + "/model.txt", "w") as f:
        f.write(kind)
    with open(folder + "/adapters.txt", "w") as f:
        f.write("\n".join(adapters))
    # biases that the first one trains are the base's in peft, and with them what the others compute
    with open(folder + "/biased.txt", "w") as f:
        f.write(str(model.peft_config["default"].bias != "none"))
    # a bias of an adapter has nowhere to go in a layer without one
    with open(folder + "/mergeable.txt", "w") as f:
        f.write(str(not model.peft_config["default"].lora_bias))
    if len(adapters) == 1:
        names(model, folder + "/params.default.txt")


for i in range(int(sys.argv[2])):
    load(f"{sys.argv[1]}/here-{i}")
    save(f"{sys.argv[1]}/there-{i}", int(sys.argv[3]) + i)

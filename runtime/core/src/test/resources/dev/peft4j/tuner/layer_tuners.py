"""layer_tuners.py FOLDER: loads the adapters in here-N with peft, and saves others in there-N, with the settings of cases.json."""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import torch
    from peft import PeftModel, get_peft_model
    import peft.tuners.lora.config as lora_config
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
    from safetensors.torch import load_file, save_file
    from torch import nn
    from transformers.pytorch_utils import Conv1D
except ImportError as e:
    print(e)
    sys.exit(42)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.turned = nn.Embedding(12, 16), Conv1D(32, 16)
        self.fc1, self.fc2, self.norm = nn.Linear(32, 16), nn.Linear(16, 16, bias=False), nn.LayerNorm(16)
        self.head = nn.Linear(16, 4)

    def forward(self, ids):
        x = torch.tanh(self.turned(self.embed(ids)))
        return self.head(self.norm(self.fc2(torch.relu(self.fc1(x)))))


def load(folder):
    io = load_file(folder + "/io.safetensors")
    base = Net()
    base.load_state_dict({k[5:]: v for k, v in io.items() if k.startswith("base.")})
    model = PeftModel.from_pretrained(base, folder + "/adapter").eval()
    with torch.no_grad():
        save_file({"output": model.base_model(io["x"])}, folder + "/peft.safetensors")
    with open(folder + "/params.txt", "w") as f:
        f.write("".join(n + "\n" for n, _ in model.named_parameters()))


def config(settings):
    own = {k: v for k, v in settings.items() if k != "peft_type"}
    for name, kind in (("kasa_config", "KasaConfig"), ("use_bdlora", "BdLoraConfig"), ("velora_config", "VeloraConfig"), ("monteclora_config", "MontecloraConfig")):
        if name in own:
            own[name] = getattr(lora_config, kind)(**own[name])
    return PEFT_TYPE_TO_CONFIG_MAPPING[settings["peft_type"]](**own)


def save(folder, seed, settings):
    torch.manual_seed(seed)
    base = Net()
    with torch.no_grad():
        base.turned.weight.normal_(0, 0.3)
    io = {"base." + k: v.clone() for k, v in base.state_dict().items()}
    model = get_peft_model(base, config(settings))
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(torch.randn_like(p) * 0.1)
    model.save_pretrained(folder + "/adapter")
    io["x"] = torch.randint(0, 12, (3, 5))
    model = PeftModel.from_pretrained(fresh(io), folder + "/adapter").eval()  # what the file says
    with torch.no_grad():
        io["output"] = model.base_model(io["x"])
    save_file({k: v.contiguous() for k, v in io.items()}, folder + "/io.safetensors")
    with open(folder + "/params.txt", "w") as f:
        f.write("".join(n + "\n" for n, _ in model.named_parameters()))


def fresh(io):
    base = Net()
    base.load_state_dict({k[5:]: v for k, v in io.items() if k.startswith("base.")})
    return base


folder = sys.argv[1]
with open(folder + "/cases.json") as f:
    cases = json.load(f)
failed = False
for i, settings in enumerate(cases):
    try:
        if settings["peft_type"] != "FROD":  # peft's loading keeps a U of the basis that it makes itself
            load(f"{folder}/here-{i}")
        os.makedirs(f"{folder}/there-{i}")
        save(f"{folder}/there-{i}", i, settings)
    except ImportError as e:  # scikit-learn, for AdaMSS
        print(f"left out {i}: {e}")
        with open(f"{folder}/here-{i}/left-out", "w") as f:
            f.write(str(e))
    except Exception as e:
        print(f"case {i}: {settings}: {type(e).__name__}: {e}")
        failed = True
sys.exit(1 if failed else 0)

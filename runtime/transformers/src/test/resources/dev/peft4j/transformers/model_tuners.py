"""The other side of ModelTunersInteropTest: adapters of whole models that were saved there, and some that are saved here."""
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
try:
    import peft
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import LlamaConfig, LlamaForCausalLM
except ImportError as e:
    print(e)
    sys.exit(42)

folder = sys.argv[1]
torch.set_num_threads(1)
IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7]])
TASKS = torch.tensor([1, 0])


def base():
    model = LlamaForCausalLM(
        LlamaConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                    vocab_size=29, max_position_embeddings=64, rms_norm_eps=1e-5, attn_implementation="eager", use_cache=False))
    model.load_state_dict(load_file(os.path.join(folder, "base.safetensors")), strict=True)
    return model


def output(model, tasks):
    model.eval()
    with torch.no_grad():
        more = {"task_ids": TASKS} if tasks else {}
        return model(input_ids=IDS, attention_mask=torch.ones_like(IDS), **more).logits[:, -IDS.shape[1]:].contiguous()


for name in sorted(os.listdir(folder)):
    case = os.path.join(folder, name)
    if not os.path.isdir(case) or not os.path.exists(os.path.join(case, "adapter")):
        continue
    adapter = os.path.join(case, "adapter")
    with open(os.path.join(adapter, "adapter_config.json")) as f:
        config = json.load(f)
    tasks = config["peft_type"] == "MULTITASK_PROMPT_TUNING"
    model = peft.PeftModel.from_pretrained(base(), adapter)
    model.save_pretrained(os.path.join(case, "again"))
    save_file({"output": output(model, tasks)}, os.path.join(case, "peft.safetensors"))
    # an adapter that is made here, with the same settings
    config = peft.PeftConfig.from_pretrained(adapter)
    config.inference_mode = False
    torch.manual_seed(len(name))
    model = peft.get_peft_model(base(), config)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.add_(0.2 * torch.randn_like(p))
    model.save_pretrained(os.path.join(case, "there"))
    again = peft.PeftModel.from_pretrained(base(), os.path.join(case, "there"))
    save_file({"output": output(again, tasks)}, os.path.join(case, "there.safetensors"))

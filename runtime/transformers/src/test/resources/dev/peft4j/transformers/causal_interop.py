"""causal_interop.py FOLDER: each folder in FOLDER has a model/ and io.safetensors with input_ids and mask. Loads adapter/ (made by peft4j) with
peft and writes its logits to theirs.safetensors; trains another one with peft, saves it in back/ and its logits in back.safetensors."""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import torch
    import transformers
    from peft import LoraConfig, PeftModel, get_peft_model
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM
except ImportError as e:
    print(e)
    sys.exit(42)
transformers.logging.set_verbosity_error()


def logits(model, io):
    model.eval()
    with torch.no_grad():
        return {"logits": model(input_ids=io["input_ids"], attention_mask=io["mask"]).logits.contiguous()}


for name in sorted(os.listdir(sys.argv[1])):
    folder = os.path.join(sys.argv[1], name)
    if not os.path.isdir(folder):
        continue
    io = load_file(folder + "/io.safetensors")

    def base():
        return AutoModelForCausalLM.from_pretrained(folder + "/model", attn_implementation="eager", dtype=torch.float32)

    save_file(logits(PeftModel.from_pretrained(base(), folder + "/adapter"), io), folder + "/theirs.safetensors")
    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base(), config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    model.train()
    for _ in range(4):
        labels = io["input_ids"].masked_fill(io["mask"] == 0, -100)
        model(input_ids=io["input_ids"], attention_mask=io["mask"], labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder + "/back")
    save_file(logits(model, io), folder + "/back.safetensors")

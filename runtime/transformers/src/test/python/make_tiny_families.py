"""Makes the tiny models of FamilyContractTest: one folder for each family, below
src/test/resources/dev/peft4j/transformers/families.

    python3 make_tiny_families.py OUT [FAMILY ...]     (torch 2.13, transformers 5.18, peft 0.21)

A folder has

    sequence/, token/   a model with a head, as save_pretrained writes it
    adapter/            a LoRA adapter of sequence/, as peft saves it
    adapter.txt         the parameters of the adapted model: 'name shape requires_grad' a line
    defaults.json       what transformers takes for keys that config.json does not have, under BERT's names
    io.safetensors      input.*; sequence.* and token.*: hidden.I, logits, no_mask (only ids are given), loss;
                        lora.*: logits, loss, grad.NAME, and step3.NAME: weights after three steps of AdamW

AdamW's eps is 1e-2, so that no weight's step is decided by rounding.
"""
import json
import os
import sys

import torch
from peft import LoraConfig, TaskType, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

BERT = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, vocab_size=24,
            max_position_embeddings=20, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
FAMILIES = {
    "bert": (BERT, ["query", "value"]),
    "roberta": ({**BERT, "type_vocab_size": 1}, ["query", "value"]),
    "xlm-roberta": ({**BERT, "type_vocab_size": 1}, ["query", "value"]),
    "electra": ({**BERT, "embedding_size": 6}, ["query", "value"]),
    "mpnet": (BERT, ["q", "v"]),
    "albert": ({**BERT, "embedding_size": 6, "num_hidden_layers": 3, "num_hidden_groups": 2, "inner_group_num": 2,
                "classifier_dropout_prob": 0.0},
               ["query", "value"]),
    "deberta-v2": ({**BERT, "embedding_size": 6, "relative_attention": True, "position_buckets": 4, "pos_att_type": "p2c|c2p",
                    "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False, "type_vocab_size": 0,
                    "conv_kernel_size": 3, "conv_act": "gelu"}, ["query_proj", "value_proj"]),
    "modernbert": (dict(hidden_size=8, num_hidden_layers=4, num_attention_heads=2, intermediate_size=12, vocab_size=24,
                        max_position_embeddings=20, local_attention=4, pad_token_id=0, bos_token_id=1, cls_token_id=1,
                        eos_token_id=2, sep_token_id=2, classifier_pooling="mean"), ["Wqkv"]),
    "distilbert": (dict(dim=8, n_layers=2, n_heads=2, hidden_dim=12, vocab_size=24, max_position_embeddings=20,
                        dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0), ["q_lin", "v_lin"]),
}
# BERT's names of settings, and what a family calls them
NAMES = {"vocab_size": [], "hidden_size": ["dim"], "num_hidden_layers": ["n_layers"], "num_attention_heads": ["n_heads"],
         "intermediate_size": ["hidden_dim"], "max_position_embeddings": [], "type_vocab_size": [], "embedding_size": [],
         "hidden_dropout_prob": ["dropout", "embedding_dropout"], "attention_probs_dropout_prob": ["attention_dropout"],
         "classifier_dropout": ["seq_classif_dropout", "classifier_dropout_prob"], "initializer_range": [], "layer_norm_eps": ["norm_eps"], "pad_token_id": []}


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            around = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            p.copy_(around + torch.randn(p.shape, generator=g) * 0.3)
    return model.eval()


def clean(folder):
    for name in os.listdir(folder):
        if name not in ("config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"):
            os.remove(os.path.join(folder, name))


def family(kind, out):
    keys, targets = FAMILIES[kind]
    config = AutoConfig.for_model(kind, **keys, num_labels=3)
    config._attn_implementation = "eager"
    pad = config.pad_token_id
    g = torch.Generator().manual_seed(1)
    ids = torch.randint(4, 24, (2, 14), generator=g)
    ids[:, 0] = 2
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    ids = ids.masked_fill(mask == 0, pad)
    inputs = {"input_ids": ids, "attention_mask": mask}
    if kind in ("bert", "electra", "albert"):
        inputs["token_type_ids"] = (torch.arange(14) > 6).long()[None] * mask
    io = {f"input.{k}": v for k, v in inputs.items()}
    for head, auto in (("sequence", AutoModelForSequenceClassification), ("token", AutoModelForTokenClassification)):
        model = randomise(auto.from_config(config), 2)
        target = torch.randint(0, 3, (2,) if head == "sequence" else (2, 14), generator=g)
        if head == "token":
            target = target.masked_fill(mask == 0, -100)
        folder = os.path.join(out, kind, head)
        model.save_pretrained(folder)
        clean(folder)
        with torch.no_grad():
            r = model(**inputs, labels=target, output_hidden_states=True)
            io |= {f"{head}.hidden.{i}": h for i, h in enumerate(r.hidden_states)}
            io |= {f"{head}.target": target, f"{head}.logits": r.logits, f"{head}.loss": r.loss.reshape(1)}
            io[f"{head}.no_mask"] = model(input_ids=ids).logits
        if head == "sequence":
            lora(model, targets, inputs, target, os.path.join(out, kind), io)
    save_file({k: v.contiguous() for k, v in io.items()}, os.path.join(out, kind, "io.safetensors"))
    plain = AutoConfig.for_model(kind)
    defaults = {}
    for name, others in NAMES.items():
        for key in [*others, name]:
            if hasattr(plain, key):
                defaults[name] = getattr(plain, key)
                break
    with open(os.path.join(out, kind, "defaults.json"), "w") as f:
        json.dump(defaults, f, indent=1)
        f.write("\n")


def lora(model, targets, inputs, target, out, io):
    peft = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules=targets, task_type=TaskType.SEQ_CLS))
    g = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, p in peft.named_parameters():
            if "lora_" in name:
                p.copy_(torch.randn(p.shape, generator=g) * 0.3)
    folder = os.path.join(out, "adapter")
    peft.save_pretrained(folder)
    clean(folder)
    with open(os.path.join(out, "adapter.txt"), "w") as f:
        for name, p in peft.named_parameters():
            f.write(f"{name} {list(p.shape)} {p.requires_grad}\n")
    trained = {n: p for n, p in peft.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-2, eps=1e-2, weight_decay=0.01)
    peft.train()
    for i in range(3):
        r = peft(**inputs, labels=target)
        r.loss.backward()
        if i == 0:
            io |= {"lora.logits": r.logits.detach().clone(), "lora.loss": r.loss.detach().reshape(1)}
            io |= {f"lora.grad.{n}": p.grad.clone() for n, p in trained.items()}
        optimizer.step()
        optimizer.zero_grad()
    io |= {f"lora.step3.{n}": p.detach().clone() for n, p in trained.items()}
    peft.unload()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind in sys.argv[2:] or FAMILIES:
        family(kind, sys.argv[1])

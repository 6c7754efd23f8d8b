"""Tiny decoders of every family, and what transformers and peft compute with them.

    python make_tiny_decoders.py OUT        (torch 2.13, transformers 5.18, peft 0.21)

Writes OUT/NAME.json for each case: the settings in both spellings, the weights' names and shapes, inputs, logits and
hidden states, the layers that peft adapts for "all-linear", and the logits with such an adapter. The numbers of weights
are not in the file: number i of weight k (in the order of the list) is base + scale * sin(0.7 * i + k), as the test
computes it too.
"""
import copy, json, math, os, sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoModelForTokenClassification

torch.set_num_threads(1)
SIZES = dict(vocab_size=20, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=48, pad_token_id=0, bos_token_id=1, eos_token_id=2)
FALCON = {k: v for k, v in SIZES.items() if k not in ("intermediate_size", "num_key_value_heads")}
BARE = {k: SIZES[k] for k in ("vocab_size", "pad_token_id", "bos_token_id", "eos_token_id")}


def rope(kind, theta=100.0, **kw):
    return {"rope_type": kind, "rope_theta": theta, **kw}


CASES = {
    "llama": ("llama", SIZES | dict(attention_bias=True, mlp_bias=True)),
    "llama-llama3": ("llama", SIZES | dict(rope_parameters=rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16))),
    "llama-linear": ("llama", SIZES | dict(rope_parameters=rope("linear", factor=3.0), tie_word_embeddings=True)),
    "llama-dynamic": ("llama", SIZES | dict(max_position_embeddings=8, rope_parameters=rope("dynamic", factor=3.0))),
    "llama-yarn": ("llama", SIZES | dict(head_dim=8, rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=12))),
    "mistral": ("mistral", SIZES | dict(sliding_window=4)),
    "qwen2": ("qwen2", SIZES | dict(use_sliding_window=True, sliding_window=4, max_window_layers=1)),
    "qwen3": ("qwen3", SIZES | dict(head_dim=6, tie_word_embeddings=True)),
    "gemma": ("gemma", SIZES | dict(head_dim=6)),
    "gemma2": ("gemma2", SIZES | dict(head_dim=6, query_pre_attn_scalar=12, sliding_window=4, attn_logit_softcapping=3.0, final_logit_softcapping=5.0)),
    "gemma3": ("gemma3_text", SIZES | dict(head_dim=6, query_pre_attn_scalar=12, sliding_window=4, layer_types=["sliding_attention", "full_attention"],
                                           rope_parameters={"sliding_attention": rope("default", 50.0), "full_attention": rope("linear", 500.0, factor=4.0)})),
    "phi": ("phi", SIZES | dict(qk_layernorm=True)),
    "phi3": ("phi3", SIZES | dict(original_max_position_embeddings=10, sliding_window=7,
                                  rope_parameters=rope("longrope", short_factor=[1.0, 1.5], long_factor=[1.0, 3.0]))),
    "gpt2": ("gpt2", BARE | dict(n_embd=16, n_layer=2, n_head=4, n_positions=48, n_inner=24, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)),
    "gpt_neox": ("gpt_neox", SIZES | dict(rope_parameters=rope("default", partial_rotary_factor=0.5))),
    "smollm3": ("smollm3", SIZES | dict(no_rope_layer_interval=2)),
    "granite": ("granite", SIZES | dict(embedding_multiplier=3.0, attention_multiplier=0.4, residual_multiplier=0.6, logits_scaling=2.0)),
    "olmo2": ("olmo2", SIZES),
    "stablelm": ("stablelm", SIZES | dict(use_qkv_bias=True, qk_layernorm=True, use_parallel_residual=True, rope_parameters=rope("default", partial_rotary_factor=0.5))),
    "starcoder2": ("starcoder2", SIZES | dict(sliding_window=4, residual_dropout=0.0, embedding_dropout=0.0)),
    "cohere": ("cohere", SIZES | dict(logit_scale=0.5, use_qk_norm=True)),
    "falcon": ("falcon", FALCON | dict(new_decoder_architecture=True, num_kv_heads=2)),
    "falcon-7b": ("falcon", FALCON),
    "bloom": ("bloom", BARE | dict(hidden_size=16, n_layer=2, n_head=4)),
}
LONG = {"llama-dynamic": 14, "phi3": 14}


def number(i, k, base, scale):
    return base + scale * math.sin(0.7 * i + k)


def fill(model):
    """Gives every weight its numbers; returns their list."""
    weights, seen = [], set()
    kinds = {n: type(m).__name__ for n, m in model.named_modules()}
    with torch.no_grad():
        for k, (name, p) in enumerate(model.named_parameters()):
            if id(p) in seen:
                continue
            seen.add(id(p))
            norm = "norm" in name or ".ln_" in name
            one = norm and name.endswith("weight") and not kinds[name.rpartition(".")[0]].startswith("Gemma")
            base, scale = (1.0 if one else 0.0), (0.2 if norm or name.endswith("bias") else 0.4)
            p.copy_(torch.tensor([number(i, k, base, scale) for i in range(p.numel())], dtype=torch.float64).float().view(p.shape))
            weights.append([name, list(p.shape), base, scale])
    return weights


def hub(d):
    """The settings as releases before 5 wrote them; null if they are the same."""
    d = copy.deepcopy(d)
    r, kind = d.pop("rope_parameters", None), d["model_type"]
    if r is None:
        return None
    if "dtype" in d:
        d["torch_dtype"] = d.pop("dtype")
    if "full_attention" in r:
        full, local = r["full_attention"], r["sliding_attention"]
        d |= {"rope_theta": full["rope_theta"], "rope_local_base_freq": local["rope_theta"], "sliding_window_pattern": 2,
              "rope_scaling": {k: v for k, v in full.items() if k != "rope_theta"}}
        d.pop("layer_types")
        return d
    names = ("rotary_emb_base", "rotary_pct") if kind == "gpt_neox" else ("rope_theta", "partial_rotary_factor")
    d[names[0]] = r["rope_theta"]
    if "partial_rotary_factor" in r:
        d[names[1]] = r["partial_rotary_factor"]
    if r["rope_type"] != "default":
        rest = {k: v for k, v in r.items() if k not in ("rope_theta", "partial_rotary_factor", "rope_type")}
        d["rope_scaling"] = {"type": r["rope_type"], **rest}
    for k in ("layer_types", "no_rope_layers"):
        if kind in ("qwen2", "qwen3", "gemma2", "smollm3"):
            d.pop(k, None)
    return d


def numbers(t):
    return [float(f"{x:.9g}") for x in t.detach().float().flatten().tolist()]


def case(name):
    kind, keys = CASES[name]
    config = AutoConfig.for_model(kind, **copy.deepcopy(keys))
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    weights = fill(model)
    model.tie_weights()
    n = LONG.get(name, 9)
    g = torch.Generator().manual_seed(len(name))
    ids = torch.randint(3, 20, (2, n), generator=g)
    mask = torch.ones_like(ids)
    mask[1, n - 3:] = 0
    ids = ids * mask
    settings = json.loads(config.to_json_string(use_diff=False))
    settings = {k: settings[k] for k in sorted(config.to_diff_dict() | keys | {"model_type": 0}) if k in settings and k != "transformers_version"}
    settings["architectures"] = [type(model).__name__]
    with torch.no_grad():
        r = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    out = {"config": settings, "hub_config": hub(settings), "weights": weights, "input_ids": ids.tolist(), "attention_mask": mask.tolist(),
           "logits": numbers(r.logits), "last_hidden": numbers(r.hidden_states[-1])}
    for task, auto in (("sequence", AutoModelForSequenceClassification), ("token", AutoModelForTokenClassification)):
        try:
            c = copy.deepcopy(config)
            c.num_labels = 3
            m = auto.from_config(c, attn_implementation="eager").eval()
        except ValueError:
            continue  # transformers has no such class for this family
        listed = fill(m)
        with torch.no_grad():
            out[task] = {"weights": listed, "logits": numbers(m(input_ids=ids, attention_mask=mask).logits)}
    torch.manual_seed(0)
    peft = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM", fan_in_fan_out=kind == "gpt2"))
    out["all_linear"] = sorted(n.removeprefix("base_model.model.") for n, x in peft.named_modules() if hasattr(x, "lora_A") and hasattr(x, "base_layer"))
    out["parameters"] = [n for n, _ in peft.named_parameters()]
    return out


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in CASES:
        with open(os.path.join(sys.argv[1], name + ".json"), "w") as f:
            json.dump(case(name), f, separators=(",", ":"))
        print(name)

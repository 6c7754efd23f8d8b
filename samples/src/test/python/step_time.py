#!/usr/bin/env python3
"""The workloads of the benchmark (dev.peft4j.samples.bench) in PyTorch and Hugging Face peft.

To compare both, run alternately, from the project's folder:

    ./mvnw -q -Pbench -Dworkload=smollm2 -Dpeer="python3 samples/src/test/python/step_time.py smollm2" verify

Sizes go to both sides, such as -Dbatch=1 -Dlength=512 there and --batch 1 --length 512 here. Needs torch, peft and
transformers, and nothing from the network: weights are random. Prints one line of JSON: see Bench.
"""
import argparse
import json
import os
import resource
import statistics
import time

BORN = time.time() - time.process_time()
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

# batch, length, measured steps
SIZES = {
    "tiny": (8, 0, 200),
    "mlp": (64, 0, 200),
    "minilm": (32, 64, 8),
    "smollm2": (4, 256, 6),
    "generate": (1, 64, 4),
    "decode": (1, 1, 4),
    "prefill": (1, 512, 4),
    "beam4": (1, 64, 4),
}
NEW_TOKENS = 64


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("workload", choices=SIZES)
    p.add_argument("--batch", type=int, help="texts (or samples) of a step")
    p.add_argument("--length", type=int, help="tokens of a text, or of a prompt")
    p.add_argument("--steps", type=int, help="measured steps")
    p.add_argument("--dtype", default="float32", help="of the frozen weights: float32, bfloat16 or float16")
    p.add_argument("--threads", type=int, help="threads of PyTorch")
    p.add_argument("--nf4", action="store_true", help="smollm2 on linear layers in NF4 (needs bitsandbytes)")
    return p.parse_args()


def lora(torch_model, **settings):
    from peft import LoraConfig, get_peft_model

    return get_peft_model(torch_model, LoraConfig(**settings))


def plain(o, torch, dtype):
    """One or two linear layers, mean squared error."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self, *sizes):
            super().__init__()
            for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
                self.add_module(f"fc{i}", nn.Linear(a, b))

        def forward(self, x):
            for i, layer in enumerate(self.children()):
                x = layer(x if i == 0 else x.relu())
            return x

    sizes = (2, 4) if o.workload == "tiny" else (1024, 4096, 1024)
    names = [f"fc{i}" for i in range(len(sizes) - 1)]
    model = lora(Net(*sizes).to(dtype), r=1 if o.workload == "tiny" else 8, lora_alpha=4, target_modules=names)
    x = torch.randn(o.batch, sizes[0], dtype=dtype)
    y = torch.randn(o.batch, sizes[-1], dtype=dtype)
    return model, o.batch, lambda: nn.functional.mse_loss(model(x), y)


def encoder(o, torch, dtype):
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=26,
        hidden_dropout_prob=0, attention_probs_dropout_prob=0,
    )
    base = BertForSequenceClassification(config).to(dtype)
    model = lora(base, r=8, lora_alpha=16, target_modules=["query", "value"], task_type="SEQ_CLS")
    ids = torch.randint(0, 30000, (o.batch, o.length))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.randint(0, 26, (o.batch,))}
    return model, ids.numel(), lambda: model(**given).loss


def decoder(o, torch, dtype, adapted=True):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, tie_word_embeddings=True,
    )
    base = LlamaForCausalLM(config).to(dtype)
    if o.nf4:
        import bitsandbytes as bnb

        for parent in list(base.model.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, torch.nn.Linear):
                    coded = bnb.nn.Linear4bit(
                        layer.in_features, layer.out_features, bias=False, compute_dtype=dtype, quant_type="nf4"
                    )
                    coded.weight = bnb.nn.Params4bit(layer.weight.data, requires_grad=False, quant_type="nf4")
                    setattr(parent, name, coded.to("cpu"))
    if not adapted:
        return base
    return lora(base, r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")


def training(o, torch, dtype):
    model = decoder(o, torch, dtype)
    ids = torch.randint(0, 49000, (o.batch, o.length))
    return model, ids.numel(), lambda: model(input_ids=ids, labels=ids).loss


def step_of(o, torch, dtype):
    """What one step is, and how many samples or tokens it has."""
    if o.workload in ("generate", "decode", "prefill", "beam4"):
        model = decoder(o, torch, dtype, adapted=o.workload in ("generate", "beam4")).eval()
        prompt = torch.randint(0, 49000, (o.batch, o.length))
        new = 1 if o.workload == "prefill" else NEW_TOKENS
        settings = {"max_new_tokens": new, "min_new_tokens": new, "do_sample": False, "pad_token_id": 0}
        if o.workload == "beam4":
            settings["num_beams"] = 4

        def step():
            model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), **settings)

        return step, o.batch * (o.length if new == 1 else new)
    make = {"minilm": encoder, "smollm2": training}.get(o.workload, plain)
    model, units, loss_of = make(o, torch, dtype)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    model.train()

    def step():
        loss = loss_of()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()

    return step, units


def main():
    o = options()
    batch, length, steps = SIZES[o.workload]
    o.batch, o.length, o.steps = o.batch or batch, o.length or length, o.steps or steps
    import torch

    torch.manual_seed(0)
    if o.threads:
        torch.set_num_threads(o.threads)
    step, units = step_of(o, torch, getattr(torch, o.dtype))
    started = time.perf_counter()
    step()
    first = time.perf_counter() - started
    ready = time.time() - BORN
    ready_cpu = time.process_time()
    step()
    seconds = []
    processor = time.process_time()
    for _ in range(o.steps):
        at = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - at)
    processor = (time.process_time() - processor) / o.steps
    median = statistics.median(seconds)
    line = {
        "peer": f"torch {torch.__version__} + peft",
        "workload": o.workload,
        "dtype": "nf4" if o.nf4 else o.dtype,
        "threads": torch.get_num_threads(),
        "step_ms": round(median * 1e3, 4),
        "step_cpu_ms": round(processor * 1e3, 4),
        "first_step_ms": round(first * 1e3, 2),
        "per_second": round(units / median, 1),
        "start_to_first_step_s": round(ready, 2),
        "start_cpu_s": round(ready_cpu, 2),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the tests' tiny BERT folder with transformers: random weights, and what transformers computes with them.

    python3 make_tiny_bert.py ../resources/dev/peft4j/transformers/tiny-bert

Written beside config.json, model.safetensors and tokenizer.json is io.safetensors:
    input.*        token ids, mask, token type ids and labels of a batch of four texts and pairs, with padding
    hidden, pooled, mean, logits, loss
    grad.NAME      d loss / d NAME for every parameter
"""
import json, os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

folder = sys.argv[1]
torch.manual_seed(5)
words = "the a of or and in to that is large small cat dog animal plant act state person group water black white run eat long" \
    " tail stripe time place used by with who make food sound".split()
pieces = ["##s", "##ing", "##ed", "##er", "##y", "##n"] + list("abcdefghijklmnopqrstuvwxyz") + ["##" + c for c in "eiou"] + [".", ","]
vocab = {t: i for i, t in enumerate(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words + pieces))}
tok = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
tok.normalizer, tok.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
tok.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
tok.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                   special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
tok.save(os.path.join(folder, "tokenizer.json"))

config = BertConfig(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, vocab_size=len(vocab),
                    max_position_embeddings=20, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.3,
                    id2label={0: "animal", 1: "plant", 2: "act", 3: "state"}, label2id={"animal": 0, "plant": 1, "act": 2, "state": 3},
                    attn_implementation="eager")
model = BertForSequenceClassification(config).eval()
with torch.no_grad():
    for p in model.parameters():  # biases and norms start at 0 and 1: make them count
        if p.dim() == 1:
            p.add_(torch.randn_like(p) * 0.2)
model.save_pretrained(folder)
tok.enable_padding()
batch = tok.encode_batch([("A large cat, with stripes.", "the animal runs"), "eating", "dogs and plants zzz", ("an act", "of eating food in the water")])
ids, mask, types = (torch.tensor([getattr(e, k) for e in batch]) for k in ("ids", "attention_mask", "type_ids"))
labels = torch.tensor([0, 2, 3, 1])
out = model(input_ids=ids, attention_mask=mask, token_type_ids=types, labels=labels, output_hidden_states=True)
out.loss.backward()
hidden, m = out.hidden_states[-1], mask[:, :, None].float()
io = {"input.ids": ids, "input.mask": mask, "input.types": types, "input.labels": labels, "hidden": hidden, "pooled": model.bert.pooler(hidden),
      "mean": (hidden * m).sum(1) / m.sum(1), "logits": out.logits, "loss": out.loss.reshape(1)}
io |= {"grad." + n: p.grad for n, p in model.named_parameters()}
save_file({k: v.detach().contiguous() for k, v in io.items()}, os.path.join(folder, "io.safetensors"))
with open(os.path.join(folder, "params.txt"), "w") as f:
    f.writelines(f"{n} {tuple(p.shape)}\n" for n, p in model.named_parameters())

"""Folders with tokenizers in every shape that transformers reads, and the ids that it gives.

Run with transformers 5.18: python make_tokenizer_folders.py > .../tokenizer-folders.json
"""

import copy
import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from transformers import AutoTokenizer  # noqa: E402

WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the cat dog paris Paris ##s ##er small Small caf ##é ##e é e 漢 字 ##字 runs , . ! "
    "<s> </s> <pad> <mask> <unk> a b ##b ##漢 good x ##x"
).split()
BYTES = {}
for token in ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]:
    BYTES[token] = len(BYTES)
for token in "ĠabcdefghijklmnopqrstuvwxyzABCDEP.,!Ċ":
    BYTES[token] = len(BYTES)
MERGES = ["t h", "th e", "Ġ the", "c a", "ca t", "Ġ cat", "P a", "r i", "Pa ri", "Pari s"]
for merge in MERGES:
    BYTES[merge.replace(" ", "")] = len(BYTES)
TEXTS = [
    "", "the cat", "Paris", "The Paris cats, small Small!", "café cafe\u0301 É", "漢字 漢字x", "the [MASK] cat[SEP]x <mask> foo",
    "foofoo newword <x> [X1]  the", "zzz \u00a0 \t the\u200b cat", " <s>the</s> <|endoftext|>", "[CLS]  the   [mask]",
]
PAIRS = [["the cat", "Paris"], ["The small cat runs", "dog, cat, Paris"], ["", "the"]]


def added(content, i, **flags):
    token = dict(id=i, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    token.update(flags)
    return token


def wordpiece(**changes):
    t = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added(w, WORDS.index(w)) for w in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {w: {"id": w, "ids": [WORDS.index(w)], "tokens": [w]} for w in ["[CLS]", "[SEP]"]}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(WORDS)}}}
    t.update(changes)
    return t


def byte_level(**changes):
    t = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [added("<s>", 0), added("</s>", 2)],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True,
                           "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "vocab": BYTES, "merges": MERGES}}
    t.update(changes)
    return t


CASED = dict(wordpiece()["normalizer"], lowercase=False)
XLM = {"tokenizer_class": "XLMRobertaTokenizer"}
BERT, FAST = {"tokenizer_class": "BertTokenizer"}, {"tokenizer_class": "PreTrainedTokenizerFast"}
CLS = {"content": "[CLS]", "lstrip": True, "rstrip": True, "normalized": False, "single_word": False, "special": True}
FOO = {"content": "foo", "lstrip": True, "rstrip": False, "normalized": True, "single_word": True, "special": False}
OBJECT = {"__type": "AddedToken", "content": "good", "lstrip": True, "rstrip": False, "normalized": False,
          "single_word": False}
SIDES = {"truncation": {"direction": "Left", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
         "padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 5,
                     "pad_type_id": 0, "pad_token": "the"}}
VOCAB_TXT = "".join(w + "\n" for w in WORDS)
CASES = {}


SCORED = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]] + [
    [w, -2.0 - i / 8] for i, w in enumerate(["\u2581", "\u2581the", "\u2581cat", "\u2581Paris", "s", "Paris", "small", ",", ".", "!", "foo"]
                                          + list("abcdefghiklmnoprstuwx"))] + [["<mask>", 0.0]]


def unigram(**changes):
    t = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added(w, i) for i, w in enumerate(["<s>", "<pad>", "</s>", "<unk>"])]
        + [added("<mask>", len(SCORED) - 1, lstrip=True)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "NFKC"}]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "</s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
                     {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "</s>", "type_id": 1}}],
            "special_tokens": {w: {"id": w, "ids": [i], "tokens": [w]} for w, i in [("<s>", 0), ("</s>", 2)]}},
        "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": 3, "vocab": SCORED, "byte_fallback": False}}
    t.update(changes)
    return t


def case(name, config=None, tokenizer=None, model_type="bert", **files):
    out = {}
    if model_type is not None:
        out["config.json"] = {"model_type": model_type}
    if tokenizer is None:
        tokenizer = wordpiece()
    if tokenizer:
        out["tokenizer.json"] = tokenizer
    if config is not None:
        out["tokenizer_config.json"] = config
    for file, content in files.items():
        out[file.replace("__", ".")] = content
    CASES[name] = out


for c in ["BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", "PreTrainedTokenizer", "DistilBertTokenizer",
          "DistilBertTokenizerFast", "ElectraTokenizer", "ElectraTokenizerFast", "MPNetTokenizer", "MPNetTokenizerFast",
          "MobileBertTokenizer", "UnheardOfTokenizer"]:
    case(c, {"tokenizer_class": c, "do_lower_case": False})
for c in ["RobertaTokenizer", "RobertaTokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast"]:
    for t in ["roberta", "gpt2"]:
        case(c + " of " + t, {"tokenizer_class": c, "add_prefix_space": True}, byte_level(), t)
for c in ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast", "PreTrainedTokenizerFast"]:
    case(c + " of xlm-roberta", {"tokenizer_class": c}, unigram(), "xlm-roberta")
case("xlm-roberta", None, unigram(), "xlm-roberta")
case("xlm-roberta without a space in front", dict(XLM, add_prefix_space=False), unigram(), "xlm-roberta")
case("xlm-roberta with tokens", dict(XLM, bos_token="the", mask_token=dict(OBJECT, content="<mask>", lstrip=True)), unigram(), "xlm-roberta")
case("no configuration")
case("no configuration, cased", tokenizer=wordpiece(normalizer=CASED))
case("empty configuration, cased", {}, wordpiece(normalizer=CASED))
case("fast, cased", FAST, wordpiece(normalizer=CASED))
case("class in config.json", None, wordpiece(), config__json={"model_type": "bert", "tokenizer_class": "PreTrainedTokenizerFast"})
case("accents and ideographs", dict(BERT, strip_accents=False, tokenize_chinese_chars=False))
case("accents but not lower case", dict(BERT, strip_accents=True, do_lower_case=False))
case("tokens", dict(BERT, cls_token="the", sep_token=OBJECT, padding_side="left", truncation_side="left", model_max_length=17))
case("new tokens", dict(BERT, cls_token="[NEW]", additional_special_tokens=["[X1]", "<x>"], image_token="foo"))
case("extra tokens", dict(BERT, extra_special_tokens={"image": "newword"}, additional_special_tokens=[OBJECT]))
case("fast with tokens", dict(FAST, cls_token="the", additional_special_tokens=["[X1]"]))
case("token map", BERT, special_tokens_map__json={"cls_token": "the", "unk_token": {
    "content": "good", "lstrip": False, "rstrip": False, "normalized": True, "single_word": False}})
case("token map without configuration", special_tokens_map__json={"cls_token": "good", "additional_special_tokens": ["<x>"]})
case("token map and decoder", dict(BERT, added_tokens_decoder={"2": CLS}), special_tokens_map__json={"cls_token": "the"})
case("decoder", dict(BERT, added_tokens_decoder={"50": FOO, "5": dict(CLS, content="the", lstrip=False)}))
case("fast with decoder", dict(FAST, added_tokens_decoder={"50": FOO, "2": CLS}))
case("added words in tokenizer.json", BERT, wordpiece(added_tokens=wordpiece()["added_tokens"] + [
    added("cat", 6, single_word=True, normalized=True, special=False)]))
case("added words in tokenizer.json and decoder", dict(BERT, added_tokens_decoder={"2": CLS}), wordpiece(
    added_tokens=wordpiece()["added_tokens"] + [added("cat", 6, single_word=True, normalized=True, special=False)]))
case("added_tokens.json", BERT, added_tokens__json={"newword": 50, "[CLS]": 2})
case("added_tokens.json and vocab.txt", BERT, {}, added_tokens__json={"newword": 50, "foo": 49}, vocab__txt=VOCAB_TXT)
case("vocab.txt", None, {}, vocab__txt=VOCAB_TXT)
case("vocab.txt, cased", {"do_lower_case": False}, {}, vocab__txt=VOCAB_TXT)
case("vocab.txt with odd ends of lines", BERT, {}, vocab__txt=VOCAB_TXT.replace("\n", " \r\n"))
case("vocab.txt of MPNet", {"tokenizer_class": "MPNetTokenizer"}, {}, "mpnet", vocab__txt=VOCAB_TXT)
case("vocab.json of RoBERTa", None, {}, "roberta", vocab__json=BYTES, merges__txt="#version: 0.2\n" + "\n".join(MERGES) + "\n")
case("vocab.json of GPT-2", None, {}, "gpt2", vocab__json=BYTES, merges__txt="#version: 0.2\n" + "\n".join(MERGES) + "\n")
case("sides in tokenizer.json", BERT, wordpiece(**SIDES))
case("sides in both", dict(FAST, padding_side="right", truncation_side="right", pad_token="[PAD]"), wordpiece(**SIDES))
case("no post-processor", BERT, wordpiece(post_processor=None))
case("fast without post-processor", dict(FAST, cls_token="[CLS]"), wordpiece(post_processor=None))
case("another normalizer and pre-tokenizer", dict(BERT, do_lower_case=False), wordpiece(
    normalizer={"type": "NFC"}, pre_tokenizer={"type": "WhitespaceSplit"}))
case("short words", BERT, wordpiece(model=dict(wordpiece()["model"], max_input_chars_per_word=3, continuing_subword_prefix="@@")))
case("fast with short words", FAST, wordpiece(model=dict(wordpiece()["model"], max_input_chars_per_word=3)))
case("model without type", dict(BERT, do_lower_case=False), wordpiece(
    model={k: v for k, v in wordpiece()["model"].items() if k != "type"}))
case("cleaned up", dict(BERT, clean_up_tokenization_spaces=True))
case("not cleaned up", dict(BERT, clean_up_tokenization_spaces=False))
case("no config.json", BERT, model_type=None)


def run(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as f:
                f.write(content if isinstance(content, str) else json.dumps(content))
        t = AutoTokenizer.from_pretrained(folder)
    out = {"class": type(t).__name__, "padding_side": t.padding_side, "truncation_side": t.truncation_side}
    out["pad_id"] = t.pad_token_id
    out["max_length"] = t.model_max_length if t.model_max_length < 1e9 else None
    plain = dict(truncation=False, padding=False)
    out["ids"] = [t(x, **plain)["input_ids"] for x in TEXTS]
    out["cut"] = [t(x, truncation=True, padding=False, max_length=5)["input_ids"] for x in TEXTS]
    out["decoded"] = [t.decode(i, skip_special_tokens=True) for i in out["ids"]]
    pairs = [t(a, b, truncation="longest_first", padding=False, max_length=9) for a, b in PAIRS]
    out["pairs"] = [p["input_ids"] for p in pairs]
    types = [t(a, b, truncation="longest_first", padding=False, max_length=9, return_token_type_ids=True) for a, b in PAIRS]
    out["types"] = [p["token_type_ids"] for p in types]
    return out


cases = []
for name, files in CASES.items():
    try:
        cases.append({"name": name, "files": copy.deepcopy(files), "expected": run(files)})
    except Exception as e:
        print(name, type(e).__name__, str(e)[:200], file=sys.stderr)
json.dump({"texts": TEXTS, "pairs": PAIRS, "cases": cases}, sys.stdout, ensure_ascii=False)

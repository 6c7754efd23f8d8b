#!/usr/bin/env python3
"""The peer of the benchmark "rendering": transformers renders and tokenizes conversations.

    rendering.py FOLDER FILE        a folder with tokenizer and chat template; conversations, JSON line by line
    rendering.py --write FILE [N]   writes N conversations (10,000) to be rendered

Prints a line as the benchmark does. Needs transformers; nothing is downloaded.
"""
import json
import os
import random
import resource
import statistics
import sys
import time

START = time.time()
PASSES = 3


def write(file, count):
    rng = random.Random(1)
    # 30,000 words as often as those of a language are, some with marks; few letters make them pronounceable
    parts = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ea", "on", "er")]
    words = ["".join(rng.choices(parts, k=rng.randint(1, 4))) for _ in range(30_000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    marks = [""] * 60 + [","] * 4 + ["."] * 3 + ["?", "'s", ":", ";", "!", " (1)", "-x", " 2024", "é", " 中文"]

    def say(least, most):
        said = rng.choices(words, weights, k=rng.randint(least, most))
        return " ".join(word + rng.choice(marks) for word in said).capitalize()

    with open(file, "w", encoding="utf-8") as out:
        for _ in range(count):
            messages = [{"role": "system", "content": say(5, 20)}] if rng.random() < 0.3 else []
            for _ in range(rng.randint(1, 4)):
                messages.append({"role": "user", "content": say(4, 40)})
                messages.append({"role": "assistant", "content": say(5, 90)})
            out.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")


def main(folder, file):
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with open(file, encoding="utf-8") as lines:
        conversations = [json.loads(line)["messages"] for line in lines]
    times = []
    processor = []
    for _ in range(PASSES + 1):
        start = time.perf_counter()
        before = time.process_time()
        # the whole batch at once: the tokenizer's threads take part
        ids = tokenizer.apply_chat_template(conversations, tokenize=True, return_dict=False)
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - before)
    step = statistics.median(times[1:])
    import transformers
    print(json.dumps({
        "peer": "transformers " + transformers.__version__, "workload": "rendering",
        "conversations": len(conversations), "tokens": sum(map(len, ids)), "step_ms": 1e3 * step,
        "step_cpu_ms": 1e3 * statistics.median(processor[1:]),
        "first_step_ms": 1e3 * times[0], "per_second": len(conversations) / step,
        "start_to_first_step_s": time.time() - START,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 10_000)
    else:
        main(*sys.argv[1:3])

"""Writes minimal_targets.txt: lists of targets, the other modules, and what peft condenses the targets to."""

import random
import sys

from peft.tuners.tuners_utils import _find_minimal_target_modules

random.seed(5)
lines = []
parts = ["q_proj", "k_proj", "v_proj", "out", "fc1", "fc2"]
homes = ["encoder", "decoder", "vision.encoder", "m"]
while len(lines) < 30:
    paths = []
    for home in random.sample(homes, random.randint(1, 3)):
        for i in range(random.randint(2, 9)):
            for part in random.sample(parts, random.randint(1, 4)):
                mid = random.choice(["", "attn.", "mlp.dense."])
                paths.append(f"{home}.layers.{i}.{mid}{part}")
    paths = sorted(set(paths))
    kind = random.randint(0, 3)
    if kind == 0:
        chosen = random.sample(parts, 2)
        targets = [p for p in paths if p.rsplit(".", 1)[-1] in chosen]
    elif kind == 1:
        home = random.choice(homes)
        targets = [p for p in paths if p.startswith(home + ".")]
    elif kind == 2:
        targets = [p for p in paths if random.random() < 0.6]
    else:
        targets = [p for p in paths if ".attn." in p]
        targets += random.sample(paths, min(3, len(paths)))
    targets = list(dict.fromkeys(targets))
    if len(targets) < 20:
        continue
    suffixes = tuple("." + t for t in targets)
    others = [p for p in paths if p not in targets and not p.endswith(suffixes)]
    minimal = _find_minimal_target_modules(targets, others)
    lines.append(" ".join(targets) + "|" + " ".join(others) + "|" + " ".join(sorted(minimal)))
open(sys.argv[1], "w").write("\n".join(lines) + "\n")

"""Train the linear model of messaging/understanding/mood from the messages written for the project.

    python scripts/train_mood.py [--calm ../shared/data/crosswoz/user_templates.json.gz]

Reads messaging/understanding/data/mood.tsv (label, text; 1 = upset) and, as further calm messages of little weight,
CrossWOZ's customer sentences (Apache-2.0); prints the figures of a cross-check and writes mood.npz. No other text is
used: no reviews, no development file.
"""

import argparse
import gzip
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from messaging.understanding.mood.model import BUCKETS, gram_buckets, sign_features
from messaging.understanding.text import plain

FOLDER = Path(__file__).resolve().parent.parent / "messaging" / "understanding" / "data"
SIGN_WEIGHT = 1.0  # signs generalise to other writers
GRAM_WEIGHT = 4.0
CALM_MESSAGES, CALM_WEIGHT = 2500, 0.3


def table(texts: list[str]) -> Any:
    """One row for each text: n-grams of length one together, then the signs."""
    rows = [gram_buckets(text) for text in texts]
    indptr = np.cumsum([0, *[len(row) for row in rows]])
    values = np.concatenate([np.full(len(row), GRAM_WEIGHT / len(row) ** 0.5) for row in rows])
    grams = csr_matrix((values, np.concatenate(rows), indptr), shape=(len(rows), BUCKETS))
    return hstack([grams, csr_matrix(np.array([sign_features(text) for text in texts]) * SIGN_WEIGHT)]).tocsr()


def calm_messages(path: Path) -> list[str]:
    """Sentences of customers who ask for sights and hotels: nobody among them is upset."""
    templates: dict[str, list[str]] = json.loads(gzip.decompress(path.read_bytes()))
    found = sorted({re.sub(r"\[[^\]]*\]", "故宫", text) for texts in templates.values() for text in texts})
    random.Random(1).shuffle(found)  # noqa: S311 — a sample of training text
    return found[:CALM_MESSAGES]


def fitted(data: Any, labels: Any, calm: Any) -> LogisticRegression:
    """Our messages at full weight, the calm ones at a fraction."""
    weights = np.concatenate([np.ones(len(labels)), np.full(calm.shape[0], CALM_WEIGHT)])
    model = LogisticRegression(C=2.0, max_iter=1000)
    return model.fit(vstack([data, calm]), np.concatenate([labels, np.zeros(calm.shape[0])]), sample_weight=weights)


def main() -> None:
    """Cross-check, train on everything, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calm", type=Path, default=Path("../shared/data/crosswoz/user_templates.json.gz"))
    calm = table([plain(text) for text in calm_messages(parser.parse_args().calm)])
    lines = [line.split("\t") for line in (FOLDER / "mood.tsv").read_text(encoding="utf-8").splitlines() if line]
    labels = np.array([int(label) for label, _ in lines])
    data = table([plain(text) for _, text in lines])
    hits = np.zeros(len(labels))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(data, labels):
        hits[test] = fitted(data[train], labels[train], calm).predict_proba(data[test])[:, 1]
    recall, alarms = (hits[labels == 1] >= 0.5).mean(), (hits[labels == 0] >= 0.5).mean()
    sys.stdout.write(f"{len(labels)} messages, {labels.sum()} upset; recall {recall:.3f}, false alarms {alarms:.3f}\n")
    model = fitted(data, labels, calm)
    weights = model.coef_[0]
    np.savez_compressed(
        FOLDER / "mood.npz",
        grams=(weights[:BUCKETS] * GRAM_WEIGHT).astype(np.float16),
        signs=(weights[BUCKETS:] * SIGN_WEIGHT).astype(np.float32),
        bias=np.float32(model.intercept_[0]),
    )


if __name__ == "__main__":
    main()

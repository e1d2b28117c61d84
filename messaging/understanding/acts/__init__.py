"""What a customer says about sights, hotels, restaurants and rides, as (intent, domain, slot, value) acts.

A conditional random field finds the values, a linear model over the sentence with its values masked finds the acts that
have none. Both were trained on the delexicalised customer sentences of CrossWOZ (Apache-2.0) by
`scripts/train_acts.py`; nothing but numpy and crfsuite is needed to run them.
"""

from messaging.understanding.acts.parser import Act, ActParser, Focus, shared_parser

__all__ = ["Act", "ActParser", "Focus", "shared_parser"]

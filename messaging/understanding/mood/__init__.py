"""How upset a customer is: 0 calm, 1 uneasy, 2 upset (a human now), 3 threatens or is in danger (the supervisor too).

Rules see what must never be missed (asks for a human, threats, insults) and what only looks like it (投诉电话是多少);
a small linear model trained on messages written for the project weighs everything else; what happened in the talk
(the same question again, answers that failed, a long wait) adds to it.
"""

from messaging.understanding.mood.reader import Mood, Talk, read_mood

__all__ = ["Mood", "Talk", "read_mood"]

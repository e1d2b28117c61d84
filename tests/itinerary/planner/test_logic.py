"""The interpreter runs what constraints are written in, and refuses everything else."""

import pytest

from itinerary.planner.logic import Forbidden, Program

PLAN = {"itinerary": [{"day": 1, "activities": [{"type": "lunch", "cost": 30}, {"type": "attraction", "cost": 12.5}]}]}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("result=1<=2<3", True),
        ("s=set()\nfor a in [1,2,2]: s.add(a)\nresult=({1}<=s)", True),
        ("t=0\nfor day in plan['itinerary']:\n  for a in day['activities']: t+=a['cost']\nresult=t", 42.5),
        ("result=[x for x in [1,2,3] if x!=2]", [1, 3]),
        ("result=False\nfor x in [1,2,3]:\n  if x==2:\n    result=x\n    break", 2),
        ("result='a' in {'a':1} and not ('b' in ['a'])", True),
        ("x=5\nresult=(x%3, x//2, -x, x/2)", (2, 2, -5, 2.5)),
        ("result='08:30'<='11:00'", True),
        ("result=plan['itinerary'][-1]['activities'][0].get('type','')", "lunch"),
    ],
)
def test_runs_the_language(text: str, result: object) -> None:
    assert Program(text).result({"plan": PLAN}) == result


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from os import system",
        "result=().__class__.__bases__",
        "result=__import__('os').system('id')",
        "while True: pass",
        "def f(): pass",
        "result=(lambda: 1)()",
        "class A: pass",
        "result=f'{plan}'",
        "with plan: pass",
        "try:\n  x=1\nexcept:\n  pass",
        "result=10**10",
        "result=1<<1000000",
        "plan['people_number']=1",
        "plan.itinerary=1",
        "result=plan['itinerary'].clear()",
        "result=(yield 1)",
        "global x",
        "del plan",
        "result=(x:=5)",
        "result=b'bytes'",
        "result=1j",
        "x=(" * 300 + "1" + ")" * 300,
        "result=1" + " " * 20_001,
        "not python at all ：",
    ],
)
def test_refuses_hostile_text(text: str) -> None:
    with pytest.raises(Forbidden):
        Program(text)


@pytest.mark.parametrize(
    "text",
    [
        "result=[0]*1000000000",
        "result='%s'%plan",
        "result=unknown(plan)",
        "result=open('/etc/passwd')",
        "result=eval('1')",
        "for a in [1,2,3]:\n  for b in [1,2,3]: raise_nothing",
        "result=plan['nothing']",
        "result=plan.update({})",
        "l=[1,2]\nfor a in l: l.append(a)\nresult=True",
        "r=[1,2,3,4,5,6,7,8,9,0]\nresult=[1 for a in r for b in r for c in r for d in r for e in r for f in r for g in r]",
    ],
)
def test_what_fails_or_never_ends_is_false(text: str) -> None:
    assert Program(text).holds({"plan": PLAN}) is False


def test_a_text_cannot_change_the_plan_through_a_mapping() -> None:
    assert Program("for d in plan['itinerary']:\n  d.update({'day': 7})\nresult=True").holds({"plan": PLAN}) is False
    assert PLAN["itinerary"][0]["day"] == 1

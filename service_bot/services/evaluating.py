"""Evaluations of the bot: the labelled questions are put to the function that answers customers; publishing waits for it."""

import time
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from gateways.llm import llm
from service_bot.ai import choose
from service_bot.choices import EntryState, QuestionKind, RunState
from service_bot.models import Entry, EvaluationResult, EvaluationRun, LabelledQuestion
from service_bot.queries.asking import Asked, answer
from service_bot.rules.moves import Decision
from service_bot.rules.scoring import Result, figures, is_regression, outcome
from service_bot.services.knowledge import set_state
from staff.models import User
from staff.services import write_audit

SLICE = 40
MOST_GATE = 200
KIND_WORDS = {
    "应答": "answer", "答案": "answer", "不答": "none", "拒答": "none", "事实": "fact", "转人工": "human", "人工": "human",
    "不满": "upset", "情绪": "upset", "平静": "calm",
}  # fmt: skip


@transaction.atomic
def start_run(*, actor: User, name: str, only_golden: bool = False, with_model: bool = False) -> EvaluationRun:
    """Begin an evaluation of all labelled questions, or of the golden ones. Refused("no_questions") when there are none."""
    questions = LabelledQuestion.objects.filter(is_golden=True) if only_golden else LabelledQuestion.objects.all()
    total = questions.count()
    if not total:
        raise Refused(_("There are no labelled questions yet."), "no_questions")
    run = EvaluationRun.objects.create(
        name=name[:60] or f"{clock.now():%m-%d %H:%M}",
        only_golden=only_golden,
        with_model=with_model,
        total=total,
        created_by=actor,
    )
    write_audit(actor, "bot.evaluate", run, {"questions": total})
    enqueue(work_on_run, key=f"{run.pk}:0", run_id=run.pk, after=0)
    return run


@job(Lane.BULK)
def work_on_run(run_id: int, after: int) -> None:
    """Put the next slice of questions to the bot; the last slice writes the figures. Safe to run twice."""
    run = EvaluationRun.objects.filter(pk=run_id).exclude(state__in=[RunState.DONE, RunState.FAILED]).first()
    if run is None:
        return
    questions = LabelledQuestion.objects.filter(is_golden=True) if run.only_golden else LabelledQuestion.objects.all()
    chosen = list(questions.filter(pk__gt=after).order_by("pk")[:SLICE])
    results = [_ask(run, one) for one in chosen]
    with transaction.atomic():
        EvaluationResult.objects.bulk_create(results, ignore_conflicts=True)
        done = EvaluationResult.objects.filter(run=run).count()
        EvaluationRun.objects.filter(pk=run.pk).update(done=done, state=RunState.RUNNING)
        if chosen:
            enqueue(work_on_run, key=f"{run.pk}:{chosen[-1].pk}", run_id=run.pk, after=chosen[-1].pk)
        else:
            _finish(run)


def _finish(run: EvaluationRun) -> None:
    rows = EvaluationResult.objects.filter(run=run).values_list("kind", "move", "outcome", "took_ms")
    numbers = figures([Result(*row) for row in rows])
    EvaluationRun.objects.filter(pk=run.pk).update(state=RunState.DONE, figures=numbers, finished_at=clock.now())


def _ask(run: EvaluationRun, label: LabelledQuestion) -> EvaluationResult:
    started = time.perf_counter()
    helper = choose if run.with_model and llm().enabled else None
    decision = answer(Asked(label.question, leave_out=not label.is_golden), choose=helper)
    took = (time.perf_counter() - started) * 1000
    first = decision.candidates[0] if decision.candidates else None
    return EvaluationResult(
        run=run, question=label.question, kind=kind_of(label), topic=label.topic, expected=_expected(label),
        got=(f"{first.key} {first.title}"[:200] if first else ""), move=decision.move, outcome=_outcome(label, decision),
        probability=first.probability if first else None, took_ms=round(took, 2),
    )  # fmt: skip


def kind_of(label: LabelledQuestion) -> str:
    """What a label asks for; one of the days before kinds says it by naming an answer or none."""
    return QuestionKind.NONE if label.kind == QuestionKind.ANSWER and label.entry_id is None else label.kind


def _expected(label: LabelledQuestion) -> str:
    return label.expected or (f"faq:{label.entry_id}" if label.entry_id else "")


def _outcome(label: LabelledQuestion, decision: Decision) -> str:
    first = decision.candidates[0] if decision.candidates else None
    if label.kind == QuestionKind.FACT:
        same = first is not None and bool(label.expected) and label.expected in first.text
        offered = any(label.expected in one.text for one in decision.candidates)
    else:
        same = first is not None and first.id == str(label.entry_id)
        offered = any(one.id == str(label.entry_id) for one in decision.candidates)
    return outcome(kind_of(label), decision.move, same=same, offered=offered, mood=decision.feeling.level)


# --- publishing ------------------------------------------------------------------------------------------------


class _Undone(Exception):
    """Takes back the trial of a publication."""


def trial(entries: Sequence[Entry]) -> tuple[dict[str, float | int | None], dict[str, float | int | None]]:
    """The golden questions' figures without and with these drafts approved; nothing is kept."""
    golden = list(LabelledQuestion.objects.filter(is_golden=True).order_by("pk")[:MOST_GATE])
    before = _measure(golden)
    after: dict[str, float | int | None] = {}
    try:
        with transaction.atomic():
            Entry.objects.filter(pk__in=[one.pk for one in entries]).update(state=EntryState.APPROVED, updated_at=clock.now())
            after = _measure(golden)
            raise _Undone
    except _Undone:
        return before, after


def _measure(golden: Iterable[LabelledQuestion]) -> dict[str, float | int | None]:
    results = []
    for label in golden:
        started = time.perf_counter()
        decision = answer(Asked(label.question))
        took = (time.perf_counter() - started) * 1000
        results.append(Result(kind_of(label), decision.move, _outcome(label, decision), took))
    return figures(results)


def publish(*, actor: User, entries: Sequence[Entry]) -> int:
    """Approve drafts, unless the golden questions get worse by it: Refused("regression") with both figures then."""
    drafts = [one for one in entries if one.state != EntryState.APPROVED]
    if drafts and LabelledQuestion.objects.filter(is_golden=True).exists():
        before, after = trial(drafts)
        if is_regression(before, after):
            told = {"before": _percent(before), "after": _percent(after), "n": after.get("false_answers")}
            raise Refused(
                _("Not published: on the golden questions accuracy would go from %(before)s to %(after)s, with %(n)s false answers.")  # noqa: E501
                % told, "regression",
            )  # fmt: skip
    for entry in drafts:
        set_state(actor=actor, entry=entry, state=EntryState.APPROVED)
    return len(drafts)


def _percent(numbers: Mapping[str, float | int | None]) -> str:
    value = numbers.get("accuracy")
    return "—" if value is None else f"{value:.1%}"


# --- labels ------------------------------------------------------------------------------------------------------


@transaction.atomic
def import_labels(*, actor: User, rows: Sequence[Mapping[str, str]]) -> int:
    """Labelled questions from rows `question, expected_question (that of an answer), kind, expected, topic, golden`; a known
    question gets the new label. How many were kept."""
    entries = {one.question: one for one in Entry.objects.filter(state=EntryState.APPROVED)}
    kept = 0
    for row in rows:
        question, wanted = (row.get("question") or "").strip()[:400], (row.get("expected_question") or "").strip()
        if not question or (wanted and wanted not in entries):
            continue
        kind = (row.get("kind") or "").strip().lower()
        kind = (
            KIND_WORDS.get(kind, kind) if KIND_WORDS.get(kind, kind) in QuestionKind.values else ("answer" if wanted else "none")
        )
        LabelledQuestion.objects.update_or_create(
            question=question,
            defaults={"entry": entries.get(wanted), "kind": kind, "expected": (row.get("expected") or "").strip()[:120],
                      "topic": (row.get("topic") or "").strip()[:40], "is_golden": (row.get("golden") or "").strip() in ("1", "是", "true"),  # noqa: E501
                      "created_by": actor, "source": "import", "created_at": clock.now()},
        )  # fmt: skip
        kept += 1
    write_audit(actor, "bot.labels", None, {"questions": kept})
    return kept

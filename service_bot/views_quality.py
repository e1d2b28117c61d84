"""How good the bot is (P17): evaluations, differences, what it should learn; imports of answers and labelled questions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput
from service_bot.choices import EntryState, QuestionKind, RunState
from service_bot.forms import ImportForm
from service_bot.models import Entry, EvaluationResult, EvaluationRun, LabelledQuestion
from service_bot.queries.gaps import open_gaps
from service_bot.services.evaluating import import_labels, start_run
from service_bot.services.knowledge import import_answers
from service_bot.services.learning import put_aside, teach
from staff.access import actor, may, requires

BAD = ["wrong", "false_answer", "menu_miss", "human_missed", "alarm_missed", "false_alarm"]


@requires("knowledge.view")
@require_safe
def evals(request: HttpRequest) -> HttpResponse:
    """Runs, newest first, with the figures of the last one and what changed since the one before."""
    runs = list(EvaluationRun.objects.select_related("created_by").order_by("-id")[:30])
    done = [run for run in runs if run.state == RunState.DONE]
    kinds = LabelledQuestion.objects.all()
    context = {
        "runs": runs, "last": done[0] if done else None, "before": done[1] if len(done) > 1 else None,
        "labels": kinds.count(), "golden": kinds.filter(is_golden=True).count(), "can_edit": may(request.user, "knowledge.edit"),
        "busy": any(run.state in (RunState.WAITING, RunState.RUNNING) for run in runs),
    }  # fmt: skip
    template = "service_bot/_runs.html" if request.headers.get("HX-Request") else "service_bot/evals.html"
    return render(request, template, context)


@requires("knowledge.edit")
@require_POST
def eval_start(request: HttpRequest) -> HttpResponse:
    """Begin a run."""
    start_run(
        actor=actor(request), name=params.text("name", request.POST.get("name"), 60), only_golden=bool(request.POST.get("golden")),  # noqa: E501
        with_model=bool(request.POST.get("model")),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("service_bot:evals"))


@requires("knowledge.view")
@require_safe
def eval_run(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """One run: what went wrong, by kind; what changed since another run (`?against=`)."""
    run = get_object_or_404(EvaluationRun, pk=evaluation_id)
    other_id = params.whole("against", request.GET.get("against"), 0, 0, 2**62)
    other = EvaluationRun.objects.filter(pk=other_id, state=RunState.DONE).first()
    found = EvaluationResult.objects.filter(run=run)
    bad = list(found.filter(outcome__in=BAD).order_by("outcome", "id")[:200])
    changed = []
    if other is not None:
        before = dict(EvaluationResult.objects.filter(run=other).values_list("question", "outcome"))
        changed = [(one, before[one.question]) for one in found if before.get(one.question, one.outcome) != one.outcome][:200]
    others = EvaluationRun.objects.filter(state=RunState.DONE).exclude(pk=run.pk).order_by("-id")[:20]
    context = {"run": run, "bad": bad, "other": other, "changed": changed, "others": others, "kinds": QuestionKind.choices}
    return render(request, "service_bot/eval_run.html", context)


@requires("knowledge.edit")
@require_http_methods(["GET", "POST"])
def labels_import(request: HttpRequest) -> HttpResponse:
    """Labelled questions from a file."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        count = import_labels(actor=actor(request), rows=form.cleaned_data["file"])
        messages.success(request, _("%(n)s questions kept.") % {"n": count})
        return HttpResponseRedirect(reverse("service_bot:evals"))
    context = {"form": form, "what": "labels"}
    return render(request, "service_bot/import.html", context, status=422 if form.errors else 200)


@requires("knowledge.edit")
@require_http_methods(["GET", "POST"])
def answers_import(request: HttpRequest) -> HttpResponse:
    """Answers of the FAQ from a file, as drafts."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        count = import_answers(actor=actor(request), rows=form.cleaned_data["file"])
        messages.success(request, _("%(n)s answers kept as drafts.") % {"n": count})
        return HttpResponseRedirect(f"{reverse('service_bot:entries')}?state=draft")
    context = {"form": form, "what": "answers"}
    return render(request, "service_bot/import.html", context, status=422 if form.errors else 200)


@requires("knowledge.view")
@require_http_methods(["GET", "POST"])
def gaps(request: HttpRequest) -> HttpResponse:
    """What the bot should learn; POST settles one cluster."""
    editable = may(request.user, "knowledge.edit")
    if request.method == "POST" and editable:
        return _settle(request)
    answers = Entry.objects.filter(state=EntryState.APPROVED, kind__in=["faq", "policy"]).order_by("question")[:500]
    context = {"gaps": open_gaps(), "can_edit": editable, "answers": answers}
    return render(request, "service_bot/gaps.html", context, status=403 if request.method == "POST" else 200)


def _settle(request: HttpRequest) -> HttpResponse:
    ids = [
        int(one) for one in request.POST.get("turns", "")[:4000].split(",") if one.isascii() and one.isdigit() and len(one) < 18
    ]
    entry = request.POST.get("entry", "")
    if not ids:
        raise BadInput(_("Nothing was chosen."))
    if request.POST.get("do") == "aside":
        put_aside(actor=actor(request), turn_ids=ids)
    elif request.POST.get("do") == "none":
        teach(actor=actor(request), turn_ids=ids, entry=None)
    elif entry.isascii() and entry.isdigit() and len(entry) < 18:
        teach(actor=actor(request), turn_ids=ids, entry=get_object_or_404(Entry, pk=int(entry)))
    else:
        raise BadInput(_("Choose an answer."))
    messages.success(request, _("Remembered. The bot has learned from it with its next question."))
    return HttpResponseRedirect(reverse("service_bot:gaps"))

"""Imports and foreign keys go down; every app has its rung."""

import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.db.models import Field

from tests.architecture.source import APPS, ROOT, rank, siblings


def test_imports_keep_every_contract() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_app_of_ours_stands_on_the_ladder() -> None:
    ours = {config.name for config in apps.get_app_configs() if (ROOT / config.name / "apps.py").exists()}
    assert ours == set(APPS)


def test_foreign_keys_point_down_and_leave_no_name_behind() -> None:
    """A key to an app above would turn the ladder round in the database; a reverse name would do so in Python."""
    wrong = []
    seen = 0
    for model in apps.get_models(include_auto_created=True):
        source = model._meta.app_label
        for field in model._meta.get_fields():
            if source not in APPS or not isinstance(field, Field) or field.related_model is None:
                continue
            target = field.related_model._meta.app_label
            if target not in APPS or target == source:
                continue
            seen += 1
            where = f"{source}.{model.__name__}.{field.name} -> {target}"
            if rank(target) > rank(source) or siblings(source, target):
                wrong.append(f"{where} points up or sideways")
            if field.remote_field is not None and not field.remote_field.hidden:
                wrong.append(f'{where} lacks related_name="+"')
    assert wrong == []
    assert seen >= 10

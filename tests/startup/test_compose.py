"""The containers' description, checked as text: no engine runs here."""

import ast
import re
from typing import Any

import pytest
import yaml

from scrm import parts
from scrm.bootstrap import REPOSITORY

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"migrate"}
EXAMPLE = (REPOSITORY / ".env.example").read_text()


def test_every_part_of_the_system_is_there() -> None:
    assert set(SERVICES) == {
        "db", "valkey", "migrate", "web", "worker-chat", "worker-usual", "worker-bulk", "beat", "simulator",
    }  # fmt: skip
    assert SERVICES["simulator"]["profiles"] == ["demo"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOTS))
def test_every_service_is_watched_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "always"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["healthcheck"]["retries"] >= 1


def test_migrations_run_once_before_anything_that_needs_tables() -> None:
    assert SERVICES["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]
    assert SERVICES["migrate"]["restart"] == "no"
    for name in set(SERVICES) - {"db", "valkey", "migrate"}:
        assert SERVICES[name]["depends_on"] == {
            "db": {"condition": "service_healthy"},
            "valkey": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }


def test_data_lives_in_named_volumes() -> None:
    assert SERVICES["db"]["image"] == "pgvector/pgvector:pg18"
    assert SERVICES["db"]["volumes"] == ["database:/var/lib/postgresql"]
    assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]
    assert SERVICES["web"]["volumes"] == ["media:/data/media"]
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_the_queue_keeps_a_log_and_never_evicts() -> None:
    command = SERVICES["valkey"]["command"]
    assert int(SERVICES["valkey"]["image"].split(":")[1].split("-")[0]) >= 8
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_workers_and_beat_start_as_they_do_without_containers() -> None:
    celery = ["celery", "-A", "scrm.celery", "--quiet"]
    for lane in ("chat", "usual", "bulk"):
        name = f"worker-{lane}"
        assert SERVICES[name]["command"] == [*celery, *parts.worker_arguments(name, lane)]
        assert SERVICES[name]["environment"]["SCRM_ROLE"] == name
    assert SERVICES["beat"]["command"] == [*celery, *parts.BEAT_ARGUMENTS]
    assert SERVICES["beat"]["environment"]["SCRM_ROLE"] == "beat"


def test_every_application_container_knows_the_servers() -> None:
    for name in set(SERVICES) - {"db", "valkey"}:
        assert SERVICES[name]["environment"]["DATABASE_URL"].endswith("@db:5432/scrm")
        assert SERVICES[name]["environment"]["REDIS_URL"] == "redis://valkey:6379/0"
        assert SERVICES[name]["env_file"] == ".env"


def test_no_secret_is_written_into_the_description() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text() + (REPOSITORY / "Dockerfile").read_text()
    assert re.findall(r"(?<![{\w])\w*(?:PASSWORD|SECRET|KEY)\w*[:=]\s*(?!\$\{)\S+", text) == []


# --- .env.example -----------------------------------------------------------------------------------------------------


def _names_in_example() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))


def _names_in_settings() -> set[str]:
    """First arguments of `env.*("NAME", ...)`, and the vendor names, which are read in a loop."""
    tree = ast.parse((REPOSITORY / "scrm" / "settings.py").read_text())
    called = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func).startswith("env.")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    vendors = next(
        ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_VENDOR_NAMES"
    )
    return {name for name in called if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)} | set(vendors)


def test_the_example_documents_every_setting_and_no_other() -> None:
    internal = {"SCRM_TESTING"}
    start = {"SCRM_SERVER_USER", "SCRM_PG_OPTS", "SCRM_BOOTSTRAP"}
    containers = {"POSTGRES_PASSWORD", "SCRM_BIND", "FORWARDED_ALLOW_IPS"}
    assert len(_names_in_settings()) >= 30
    assert _names_in_example() == (_names_in_settings() - internal) | start | containers


def test_the_variables_of_the_description_are_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (REPOSITORY / "docker-compose.yml").read_text()))
    assert used == {"POSTGRES_PASSWORD", "SCRM_BIND"}
    assert used <= _names_in_example()

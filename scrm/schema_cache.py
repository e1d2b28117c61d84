"""The tables of the tests, made once: migrating an empty database takes longer than most single tests.

The first run of a set of migrations dumps the migrated database; later runs, and the second process of the same run,
restore that into a template database, from which Django then creates its test database. Only for throw-away servers.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from scrm import embedded
from scrm.bootstrap import LOCK, REPOSITORY
from scrm.servers import CannotStart

TEMPLATE = "scrm_template"
ONE_AT_A_TIME = 7_319_201  # the advisory lock of whoever migrates, dumps or restores


class SchemaCache:
    """Held from before the test database is created until it stands; one process at a time."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self.file = embedded.state_dir() / "test-schema" / f"{schema_hash()}.dump"
        self.connection = psycopg.connect(database_url, autocommit=True)
        self.connection.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])

    def template(self) -> str | None:
        """The name of a migrated database, None when nobody has migrated these migrations yet."""
        if not self.file.exists():
            return None
        if self.connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone() is None:
            self.connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
            _run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", self._url_of(TEMPLATE), str(self.file))
        return TEMPLATE

    def finish(self, database: str) -> None:
        """The test database stands: remember it if this process had to migrate it, and let the next one in."""
        if not self.file.exists():
            self._keep(database)
        self.close()

    def _keep(self, database: str) -> None:
        embedded.prepare_state(embedded.state_dir())
        self.file.parent.mkdir(exist_ok=True)
        for old in self.file.parent.glob("*.dump"):
            old.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.file.parent, delete=False) as fresh:
            path = Path(fresh.name)
        _run("pg_dump", "--format=custom", "--compress=0", "--dbname", self._url_of(database), "--file", str(path))
        path.rename(self.file)

    def close(self) -> None:
        """Let the next process in."""
        self.connection.close()

    def _url_of(self, database: str) -> str:
        address, question, options = self.url.partition("?")
        return f"{address.rsplit('/', 1)[0]}/{database}{question}{options}"


def schema_hash() -> str:
    """Names every migration of ours by its content, and every package by its version."""
    digest = hashlib.sha256(LOCK.read_bytes())
    for path in sorted(REPOSITORY.glob("*/migrations/*.py")):
        digest.update(str(path.relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _run(program: str, *arguments: str) -> None:
    path = embedded.postgres_programs() / program
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise CannotStart(f"{program} failed: {done.stderr.strip()[-300:]}")

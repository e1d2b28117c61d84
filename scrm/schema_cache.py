"""The tables of the tests, made once: migrating an empty database takes longer than most single tests.

The first run of a set of migrations dumps the migrated database; later runs, and the second process of the same run,
restore that into a template database, from which Django then creates its test database. A dump of fewer migrations
serves as well: Django applies the rest. Only for throw-away servers.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from scrm import embedded
from scrm.bootstrap import LOCK, REPOSITORY
from scrm.servers import CannotStart

TEMPLATE = "scrm_template_"  # and the name of the dump
ONE_AT_A_TIME = 7_319_201  # the advisory lock of whoever migrates, dumps or restores
KEPT = 4  # dumps: who goes back and forth between branches finds what each of them needs


class SchemaCache:
    """Held from before the test database is created until it stands; one process at a time."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self.contents = schema_contents()
        self.file = embedded.state_dir() / "test-schema" / f"{schema_hash(self.contents)}.dump"
        self.is_complete = False  # whether nothing is left to migrate
        self.connection = psycopg.connect(database_url, autocommit=True)
        self.connection.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])

    def template(self) -> str | None:
        """The name of a database in which all or some migrations are applied, None when no dump fits."""
        self.is_complete = self.file.exists()  # now that the lock is held
        dump = self.file if self.is_complete else self._nearest()
        if dump is None:
            return None
        template = f"{TEMPLATE}{dump.stem}"
        if self.connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone() is None:
            self.connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template)))
            _run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", self._url_of(template), str(dump))
        return template

    def _nearest(self) -> Path | None:
        """The dump with the most migrations of which none has changed since."""
        told = {path.with_suffix(".dump"): json.loads(path.read_text()) for path in self.file.parent.glob("*.json")}
        fitting = {dump: len(held) for dump, held in told.items() if dump.exists() and held.items() <= self.contents.items()}
        return max(fitting, key=lambda dump: fitting[dump], default=None)

    def finish(self, database: str) -> None:
        """The test database stands: remember it if this process had to migrate it, and let the next one in."""
        if not self.file.exists():
            self._keep(database)
        self.close()

    def _keep(self, database: str) -> None:
        embedded.prepare_state(embedded.state_dir())
        self.file.parent.mkdir(exist_ok=True)
        for old in sorted(self.file.parent.glob("*.dump"), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
            old.with_suffix(".json").unlink(missing_ok=True)
            old.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.file.parent, delete=False) as fresh:
            path = Path(fresh.name)
        _run("pg_dump", "--format=custom", "--compress=0", "--dbname", self._url_of(database), "--file", str(path))
        path.rename(self.file)
        self.file.with_suffix(".json").write_text(json.dumps(self.contents))

    def close(self) -> None:
        """Let the next process in."""
        self.connection.close()

    def _url_of(self, database: str) -> str:
        address, question, options = self.url.partition("?")
        return f"{address.rsplit('/', 1)[0]}/{database}{question}{options}"


def schema_contents() -> dict[str, str]:
    """The hash of every migration of ours by its path, and that of the packages' versions."""
    paths = [LOCK, *sorted(REPOSITORY.glob("*/migrations/*.py"))]
    return {str(path.relative_to(REPOSITORY)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def schema_hash(contents: dict[str, str]) -> str:
    """One short name for all of them."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:16]


def _run(program: str, *arguments: str) -> None:
    path = embedded.postgres_programs() / program
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise CannotStart(f"{program} failed: {done.stderr.strip()[-300:]}")

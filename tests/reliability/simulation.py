"""
A deterministic world around `Persist`, `Deliver`, `Fanout` and `PostSlice`, `NoteReceipt` and `FoldReceipts`,
`Ping` and `ViewConversations`, `SettleFiles` and `LinkAttachment`.

Every port yields to a scheduler before each access, so one invocation can be interleaved with others, killed
between any two accesses, or left behind while its batch is given to another one (a zombie). One seed is one run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from greenlet import getcurrent

from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Record
from natter.domain.receipts import ReceiptRecord
from natter.domain.write_times import REACH_US
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.settle_files import SettleFiles
from natter.usecases.delivery.deliver import Deliver
from natter.usecases.delivery.fanout import Fanout
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import SettlePosts
from natter.usecases.delivery.tell import Tell
from natter.usecases.messages.persist import Persist
from natter.usecases.reading.view_conversations import ReadHeads, ViewConversations
from natter.usecases.receipts.fold_receipts import FoldReceipts
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.wire.json_frames import JsonFrames
from tests.memory.deliveries import MemoryClosureQueue
from tests.memory.logs import MemoryCommandLog
from tests.memory.relations import MemoryBlocks
from tests.memory.users import MemoryUsers
from tests.reliability.clients import Clients
from tests.reliability.couriers import Couriers, SteppedFanoutLog, SteppedFileQueue, SteppedSliceQueue
from tests.reliability.decisions import SteppedDecisions
from tests.reliability.files import Downloaders, Eraser, Settlers, SteppedAttachments
from tests.reliability.isolating import Consumer, DeadRecords
from tests.reliability.lanes import Lane
from tests.reliability.load import BOUNDS, Load
from tests.reliability.ports import (
    SteppedConnections,
    SteppedEventLog,
    SteppedGateway,
    SteppedHeadCache,
    SteppedReceiptLog,
    SteppedTables,
)
from tests.reliability.readers import Readers
from tests.reliability.standstill import Standstills
from tests.reliability.trace import Appended, Trace

APPEND = 0.12
YIELD = 0.5
READ = 0.015
FAULT = 0.002
ABANDON_RECEIPTS = 0.05
"""Of the few accesses that it takes to fold receipts."""
VANISH = 0.002
PING = 0.004
FORGET = 0.001
SKEWS_MS = (0, 0, 0, 2000, -3000)
CLOCKS_APART_MS = 3000
STEP_MS = 4
MAX_POSTS = 6
"""Of one batch: so few that some are left to `fanout`."""
WEEK_AND_A_DAY_MS = 8 * 24 * 3600 * 1000
MOST_STEPS = 20_000
"""Several times what a run takes."""


class Crew(Protocol):
    """What is under way of one kind, each to be advanced to its next access."""

    @property
    def busy(self) -> Sequence[Any]: ...

    def advance(self, actor: Any, /) -> None: ...

    def is_quiet(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a run is made of: the shipped classes, or ones with a planted bug."""

    tables: type[SteppedTables] = SteppedTables
    heads: type[SteppedHeadCache] = SteppedHeadCache
    view: type[ViewConversations] = ViewConversations
    settle: type[SettlePosts] = SettlePosts
    fanout: type[Fanout] = Fanout
    persist: type[Persist] = Persist
    fold_receipts: type[FoldReceipts] = FoldReceipts
    attachments: type[SteppedAttachments] = SteppedAttachments
    find: type[FindMessage] = FindMessage
    settle_files: type[SettleFiles] = SettleFiles
    consumer: type[Consumer] = Consumer


class World:
    """One run: `run` it, then let the checker look at `log`, `tables`, `trace` and `clients`."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.random = Random(seed)
        self._scheduler = getcurrent()
        self.trace: Trace = []
        self.now = 1_700_000_000_000
        self.live_since = 0
        """What was said before has waited for days: nobody need be shown it live."""
        self._parts = parts
        self.log = MemoryCommandLog(self._log_ms)
        self.receipts = SteppedReceiptLog(self.pause, self._log_ms)
        self.tables = parts.tables(self.pause, self.random, self.trace)
        self._decisions = SteppedDecisions(self.pause)
        self.tables.oldest = lambda: self.now * 1000 - REACH_US
        self._standstills = Standstills.of(seed)
        self.dead = DeadRecords(self.pause)
        self._connections = SteppedConnections(self.pause)
        self._heads = parts.heads(self.pause)
        self.clients = Clients(
            connections=self._connections,
            decisions=self._decisions,
            view=parts.view(heads=ReadHeads(cache=self._heads, timeline=self.tables), timeline=self.tables),
            scheduler=self._scheduler,
            random=self.random,
            trace=self.trace,
            now_ms=self._now_ms,
        )
        self._gateway = SteppedGateway(self.clients, self.step, self.random, self.trace)
        self._events = SteppedEventLog(self.pause, self.trace)
        self.files = SteppedFileQueue(self.pause)
        self.attachments = parts.attachments(self.pause)
        find = parts.find(timeline=self.tables)
        self._settlers = Settlers(
            queue=self.files,
            settle=parts.settle_files(
                timeline=self.tables,
                store=self.tables,
                find=find,
                attachments=self.attachments,
                now_ms=self._now_ms,
            ),
            random=self.random,
        )
        self._eraser = Eraser(attachments=self.attachments, timeline=self.tables, random=self.random)
        self._downloaders = Downloaders(
            attachments=self.attachments,
            find=find,
            decisions=self._decisions,
            view=self.clients.view,
            random=self.random,
            trace=self.trace,
        )
        self._fanout, self._slices = SteppedFanoutLog(self.pause), SteppedSliceQueue(self.pause, self.trace)
        self._settle = parts.settle(
            connections=self._connections,
            gateway=self._gateway,
            queue=self._slices,
            closures=MemoryClosureQueue(),  # of which nothing comes: closing is confirmed here
            now_ms=self._now_ms,
        )
        self._couriers = Couriers(
            log=self._fanout,
            queue=self._slices,
            fanout=parts.fanout(
                timeline=self.tables,
                connections=self._connections,
                queue=self._slices,
                now_ms=self._now_ms,
                rebuild=lambda: None,
            ),
            post_slice=PostSlice(timeline=self.tables, gateway=self._gateway, frames=JsonFrames(), settle=self._settle),
            random=self.random,
        )
        self._readers = Readers(
            note=self._note(),
            heads=self.tables.head_seq,
            members=self._decisions.members,
            random=self.random,
            trace=self.trace,
        )
        self._persist = Lane(since=self._commands_since, environment=self._persisting, random=self.random)
        self._fold_receipts = Lane(
            since=lambda first: self.receipts.records[first:],
            environment=self._folding,
            random=self.random,
            abandon=ABANDON_RECEIPTS,
        )
        self._crews: Sequence[Crew] = (
            self._persist,
            self._fold_receipts,
            self._couriers,
            self._readers,
            self._settlers,
            self._downloaders,
            self.clients,
        )
        load = Load(random=self.random)
        self._commands = load.make()
        self._week_before = load.week_before
        self._appended = 0
        self._standstill = 0
        """How long nothing is to be consumed now, milliseconds."""

    def run(self) -> None:
        """
        Until every command is folded, every zombie has ended and every client is connected.

        Raises:
            RuntimeError: it does not come to an end.
        """
        self.clients.connect_all()
        for _ in range(MOST_STEPS):
            if self._is_over():
                return
            self.now += STEP_MS
            if self.random.random() < APPEND:
                self._append()
            if self.random.random() < READ:
                self._readers.start()
            self._happens()
            for lane in (self._persist, self._fold_receipts, self._couriers, self._settlers):
                lane.start()
            if self._commands:
                self._downloaders.start()
            running = [(crew, each) for crew in self._crews for each in crew.busy]
            if running:
                crew, actor = self.random.choice(running)
                crew.advance(actor)
        raise RuntimeError("the run does not come to an end")

    def step(self) -> None:
        """Now and then let the scheduler run somebody else. A killed invocation does not come back from here."""
        if self.random.random() < YIELD:
            self._scheduler.switch()

    def pause(self) -> None:
        """
        A step before an access that may fail.

        Raises:
            Unavailable: it fails.
        """
        if getcurrent() is self._scheduler:  # the checker reads
            return
        self.step()
        if self.random.random() < FAULT:
            raise Unavailable("a simulated dependency")

    def _persisting(self) -> Consumer:
        frames = JsonFrames()
        deliver = Deliver(
            connections=self._connections,
            gateway=self._gateway,
            frames=frames,
            settle=self._settle,
            fanout=self._fanout,
            rebuild=lambda: None,
            max_posts=MAX_POSTS,
        )
        persist = self._parts.persist(
            timeline=self.tables,
            store=self.tables,
            heads=self._heads,
            files=self.files,
            deliver=deliver,
            frames=frames,
            events=self._events,
            now_ms=self._now_ms,
            bounds=BOUNDS,
        )
        return self._parts.consumer(persist, self.dead)

    def _folding(self) -> Callable[[Sequence[ReceiptRecord]], int]:
        fold = self._parts.fold_receipts(
            timeline=self.tables,
            store=self.tables,
            admission=self._decisions,
            blocks=MemoryBlocks(MemoryUsers()),
            frames=JsonFrames(),
            tell=Tell(connections=self._connections, gateway=self._gateway, now_ms=self._now_ms),
            now_ms=self._now_ms,
        )

        def folding(batch: Sequence[ReceiptRecord]) -> int:
            fold(batch)
            return len(batch)

        return folding

    def _note(self) -> NoteReceipt:
        return NoteReceipt(
            admission=self._decisions,
            heads=self._heads,
            timeline=self.tables,
            log=self.receipts,
        )

    def _commands_since(self, first: int) -> Sequence[Record]:
        return self.log.records(since=first)

    def _now_ms(self) -> int:
        return self.now

    def _log_ms(self) -> int:
        """The clocks of the log's brokers jump."""
        return self.now + self.random.choice(SKEWS_MS)

    def _happens(self) -> None:
        """What nobody has asked for."""
        self._stand_still()
        self._eraser.erase()
        if self.random.random() < VANISH:
            self.clients.lose_one()
        if self.random.random() < PING:
            self.clients.ping_one()
        if self.random.random() < FORGET:
            self._heads.lose()
            self._connections.lose()
            self.clients.forgotten()

    def _stand_still(self) -> None:
        """As soon as nobody is connecting: that does not take days."""
        if self._standstill and not self.clients.busy:
            self.now += self._standstill
            self._standstill = 0
            self.live_since = self.now - CLOCKS_APART_MS
            self.clients.lose_all()

    def _is_over(self) -> bool:
        return not self._commands and not self._readers.left and self._is_quiet()

    def _is_quiet(self) -> bool:
        return all(crew.is_quiet() for crew in self._crews) and self._eraser.is_quiet()

    def _append(self) -> None:
        """The next command gets its place; the log's clock jumps. Once in a run, more than a week may pass."""
        if not self._commands:
            return
        if self._appended == self._week_before:
            if not self._is_quiet():
                return
            self._week_before = -1
            self.now += WEEK_AND_A_DAY_MS
            self.attachments.sweep()
        command = self._commands.pop(0)
        if not self.attachments.send(command):  # it is refused before it is in the log
            return
        self._decisions.decide(command)
        if self._commands:
            self._decisions.decide(self._commands[0])
        self.log.append(self.clients.sent(command))
        self._standstill += self._standstills.after(self._appended)
        self.trace.append(Appended(self.log.records(since=self._appended)[0]))
        self._appended += 1

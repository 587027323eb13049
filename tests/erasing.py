"""What tests of erasure share: somebody with all that one can have, and what erases them, made of memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from natter.domain.accounts.users import PushTarget
from natter.domain.conversations.records import CreateRequest
from natter.domain.ids import AttachmentId, ConnectionId, ConversationId, DeviceId, UserId, new_id
from natter.domain.messages.events import Event
from natter.domain.operations import Report
from natter.domain.presence import Watcher
from natter.usecases.accounts.end_session import EndSessions
from natter.usecases.conversations.announce import Announce
from natter.usecases.privacy.empty_words import EmptyWords
from natter.usecases.privacy.erase import Erase
from natter.usecases.privacy.leave_for_good import LeaveForGood
from tests.chat import Chat
from tests.files import a_file
from tests.identity import PASSWORD, a_connection, a_sign_in
from tests.messages import a_post, a_reaction, an_edit, attached


class Crash(BaseException):
    """The process is gone: nothing catches it."""


class Crashing:
    """Lets calls to ports through until the `last` one has been done; whatever follows crashes."""

    def __init__(self, last: int) -> None:
        self.left = last

    def around[Port](self, port: Port) -> Port:
        return cast("Port", _Around(port, self))


class _Around:
    def __init__(self, port: object, crashing: Crashing) -> None:
        self._port, self._crashing = port, crashing

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*args: Any, **fields: Any) -> Any:
            if self._crashing.left == 0:
                raise Crash
            self._crashing.left -= 1
            return method(*args, **fields)

        return call


def erasing(chat: Chat, crashing: Crashing | None = None, **changes: Any) -> Erase:
    """What goes on with it; over ports that crash."""
    around: Callable[[Any], Any] = (crashing or Crashing(-1)).around
    world = chat.world
    ports: Any = {"erasures": around(world.erasures), "now_ms": world.clock}
    end = world.end_sessions
    erase = Erase(
        **ports,
        end_sessions=EndSessions(
            sessions=around(end.sessions), states=around(end.states), close=end.close, now_ms=world.clock
        ),
        connections=around(world.sockets),
        traces=around(world.traces),
        watchers=around(world.watchers),
        archives=around(world.archives),
        badges=around(world.badges),
        leave=LeaveForGood(
            conversations=around(chat.conversations),
            announce=Announce(
                conversations=around(chat.conversations), admission=around(chat.admission), log=around(chat.log)
            ),
            new_id=new_id,
            now_ms=world.clock,
        ),
        empty=EmptyWords(
            **ports,
            timeline=around(chat.tables),
            store=around(chat.tables),
            attachments=around(chat.attachments),
        ),
    )
    return replace(erase, **changes)


class Scene:
    """Ann owns a group, was in another, and talks to Bob. She says "secret" in all that she says."""

    def __init__(self) -> None:
        self.chat = chat = Chat()
        self.world = chat.world
        self.ann, self.bob, self.cid = (chat.person(name) for name in ("ann", "bob", "cid"))
        self.signed_in = self.world.sign_in(a_sign_in("ann", device_id=DeviceId("phone"), device_name="secret"))
        principal = self.signed_in.principal
        phone = a_connection(principal, "ann-1")
        self.world.sockets.register(phone)
        self.world.traces.say(self.ann, phone.device_id, "away", at=self.world.clock())
        self.world.watchers.watch(Watcher(user_id=self.bob, connection_id=ConnectionId("bob-1")), [self.ann])
        target = PushTarget(provider="fcm", token="secret token")
        assert self.world.devices.register_push(
            self.ann, principal.device_id, target, endpoint=None, at=self.world.clock()
        )
        self.world.badges.note({(self.ann, principal.device_id): 3})
        self.world.keep_contacts.add(self.ann, self.bob)
        self.world.keep_contacts.add(self.bob, self.ann)
        self.world.keep_blocks.add(self.ann, self.cid)
        self.owned = chat.group(self.ann)
        for user in (self.cid, self.bob):
            self.world.clock.advance(seconds=1)
            chat.join(self.owned, user)
        self.left = chat.group(self.bob, self.ann, conversation_id=ConversationId("left"))
        chat.conversations.decide(self.owned, self.bob, "admin", at=self.world.clock())
        chat.announce(self.owned)
        chat.fold()
        view, _ = chat.create(CreateRequest(creator=self.ann, kind="direct", members=(self.bob,)))
        self.direct = view.record.conversation_id
        chat.fold()
        self.file = self._uploaded()
        for conversation in (self.owned, self.left, self.direct):
            seq = chat.seen(self.bob, conversation).head.seq
            chat.say(conversation, self.ann, a_post("a1", "secret"), a_post("a2", "secret"))
            chat.say(conversation, self.bob, a_post("b1", "hello"))
            chat.say(conversation, self.ann, an_edit("a3", seq + 1, "secret, too"), a_reaction("a4", seq + 3))
        chat.say(self.direct, self.ann, a_post("a5", content=attached(self.file, text="secret")))
        self.told = list(chat.files.unsettled)
        chat.settle()
        chat.leave(self.left, self.ann)
        self.world.reports.add(
            Report(conversation_id=self.direct, seq=4, reporter=self.ann, sender=self.bob, reason="secret", at=1)
        )

    def erase(self, crashing: Crashing | None = None, **changes: Any) -> Erase:
        return erasing(self.chat, crashing, **changes)

    @property
    def conversations(self) -> tuple[ConversationId, ...]:
        return self.owned, self.left, self.direct

    def history(self, conversation: ConversationId, reader: UserId | None = None) -> tuple[Event, ...]:
        return self.chat.read_events(reader or self.bob, conversation, after=0, before=None, limit=200).events

    def _uploaded(self) -> AttachmentId:
        attachment = AttachmentId(new_id())
        form = self.chat.attachments.offer(self.direct, self.ann, attachment, a_file(b"secret"))
        assert self.chat.attachments.upload(form, b"secret")
        assert self.chat.attachments.hold(self.direct, self.ann, [attachment]) == []
        return attachment

    def ask(self) -> None:
        self.world.erase_self(self.signed_in.principal, PASSWORD, address="192.0.2.1")

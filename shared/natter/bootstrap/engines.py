"""The composition root: what a function is made of, from its settings."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from natter.bootstrap.ports import Ports
from natter.settings import EdgeSettings, EndpointSettings, LimitSettings, SocketSettings, WebAppSettings

if TYPE_CHECKING:
    from natter.ports.edge import Edge
    from natter.ports.gate import Gate
    from natter.usecases.accounts.authenticate import Authenticate, CheckSession
    from natter.usecases.accounts.check_password import CheckPassword
    from natter.usecases.accounts.close_connections import CloseConnections
    from natter.usecases.accounts.end_session import CloseEnded, EndSession, EndSessions
    from natter.usecases.accounts.open_session import OpenSession
    from natter.usecases.conversations.announce import Announce
    from natter.usecases.delivery.rebuild import AskForRebuild
    from natter.usecases.delivery.settle_posts import SettlePosts
    from natter.usecases.delivery.tell import Tell
    from natter.usecases.presence.read_presence import PresenceNow
    from natter.usecases.reading.read_events import ReadPage
    from natter.usecases.reading.view_conversations import ReadHeads, ViewConversation, ViewConversations
    from natter.usecases.receipts.note_receipt import NoteReceipt


class Engines(Ports):
    """
    The parts of a function, each made once, when it is first asked for: `Engines(SendSettings()).gate`.

    Here are those use cases that several functions, or several groups of one's routes, share; a function makes its
    own of them and of the ports.
    """

    @cached_property
    def endpoint(self) -> str:
        """Of the gateway that calls the function."""
        return self.of(EndpointSettings).endpoint

    @cached_property
    def socket_url(self) -> str:
        return self.of(SocketSettings).url

    @cached_property
    def edge(self) -> Edge | None:
        """None where the HTTP API is asked itself."""
        settings = self.find(EdgeSettings)
        if settings is None:
            return None
        import boto3

        from natter.adapters.edge import SecretEdge
        from natter.adapters.secrets import secrets_reader

        client = cache(lambda: boto3.client("secretsmanager", config=self.aws_config))
        return SecretEdge(settings.host, secrets_reader(client, settings.secret_arns))

    @cached_property
    def web_app(self) -> str | None:
        """What browsers call it where it is on one origin with the HTTP API; None: nowhere."""
        settings = self.find(WebAppSettings)
        return None if settings is None else settings.host

    @cached_property
    def per_address(self) -> bool:
        return self.of(LimitSettings).per_address

    @cached_property
    def check_session(self) -> CheckSession:
        from natter.usecases.accounts.authenticate import CheckSession

        return CheckSession(states=self.session_states, sessions=self.sessions, now_ms=self.now_ms)

    @cached_property
    def gate(self) -> Gate:
        from natter.adapters.valkey.admission import ValkeyAdmission
        from natter.adapters.valkey.gate import ValkeyGate

        admission = ValkeyAdmission(self.valkey, self.conversations, self.rosters_looked_up)
        return ValkeyGate(
            self.valkey,
            admission,
            self.check_session,
            self.adjusted_limits,
            partition_of=lambda conversation: self.partition_of(conversation),  # noqa: PLW0108 - only who appends knows
        )

    @cached_property
    def authenticate(self) -> Authenticate:
        from natter.usecases.accounts.authenticate import Authenticate

        return Authenticate(tokens=self.access_tokens, check_session=self.check_session)

    @cached_property
    def check_password(self) -> CheckPassword:
        from natter.usecases.accounts.check_password import CheckPassword

        return CheckPassword(
            users=self.users,
            devices=self.devices,
            passwords=self.passwords,
            limits=self.rate_limits,
            per_address=self.per_address,
        )

    @cached_property
    def open_session(self) -> OpenSession:
        from natter.usecases.accounts.open_session import OpenSession

        return OpenSession(
            sessions=self.sessions,
            tokens=self.access_tokens,
            end_sessions=self.end_sessions,
            now_ms=self.now_ms,
        )

    @cached_property
    def close_connections(self) -> CloseConnections:
        from natter.usecases.accounts.close_connections import CloseConnections

        return CloseConnections(
            connections=self.connections,
            gateway=self.gateway,
            frames=self.frames,
            queue=self.closures,
            now_ms=self.now_ms,
        )

    @cached_property
    def close_ended(self) -> CloseEnded:
        from natter.usecases.accounts.end_session import CloseEnded

        return CloseEnded(connections=self.connections, close=self.close_connections)

    @cached_property
    def end_session(self) -> EndSession:
        from natter.usecases.accounts.end_session import EndSession

        return EndSession(
            sessions=self.sessions, states=self.session_states, close=self.close_ended, now_ms=self.now_ms
        )

    @cached_property
    def end_sessions(self) -> EndSessions:
        from natter.usecases.accounts.end_session import EndSessions

        return EndSessions(
            sessions=self.sessions, states=self.session_states, close=self.close_ended, now_ms=self.now_ms
        )

    @cached_property
    def announce(self) -> Announce:
        from natter.usecases.conversations.announce import Announce

        return Announce(conversations=self.conversations, admission=self.admission, log=self.commands)

    @cached_property
    def read_heads(self) -> ReadHeads:
        from natter.usecases.reading.view_conversations import ReadHeads

        return ReadHeads(cache=self.head_cache, timeline=self.timeline)

    @cached_property
    def view_conversations(self) -> ViewConversations:
        from natter.usecases.reading.view_conversations import ViewConversations

        return ViewConversations(heads=self.read_heads, timeline=self.timeline)

    @cached_property
    def view_conversation(self) -> ViewConversation:
        from natter.usecases.reading.view_conversations import ViewConversation

        return ViewConversation(conversations=self.conversations, view=self.view_conversations)

    @cached_property
    def read_page(self) -> ReadPage:
        from natter.usecases.reading.read_events import ReadPage
        from natter.wire.events import event_size

        return ReadPage(timeline=self.timeline, size=event_size)

    @cached_property
    def note_receipt(self) -> NoteReceipt:
        from natter.usecases.receipts.note_receipt import NoteReceipt

        return NoteReceipt(
            admission=self.admission,
            heads=self.head_cache,
            timeline=self.timeline,
            log=self.receipt_log,
        )

    @cached_property
    def settle_posts(self) -> SettlePosts:
        from natter.usecases.delivery.settle_posts import SettlePosts

        return SettlePosts(
            connections=self.connections,
            gateway=self.gateway,
            queue=self.slices,
            closures=self.closures,
            now_ms=self.now_ms,
        )

    @cached_property
    def ask_for_rebuild(self) -> AskForRebuild:
        from natter.usecases.delivery.rebuild import AskForRebuild

        return AskForRebuild(marks=self.registry_marks, queue=self.rebuilds)

    @cached_property
    def tell(self) -> Tell:
        from natter.usecases.delivery.tell import Tell

        return Tell(connections=self.connections, gateway=self.gateway, now_ms=self.now_ms)

    @cached_property
    def presence_now(self) -> PresenceNow:
        from natter.usecases.presence.read_presence import PresenceNow

        return PresenceNow(connections=self.connections, traces=self.traces, now_ms=self.now_ms)

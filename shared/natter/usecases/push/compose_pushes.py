"""What devices are woken with."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from natter.domain.attachments import attachment_of
from natter.domain.budgets import PREVIEWS_S
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import Place
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.push.waking import Message, Reachable
from natter.domain.push.wording import Push, body, gathered, title
from natter.ports.attachments import Attachments
from natter.ports.push import Reachables
from natter.ports.reading import Timeline
from natter.usecases.reading.concurrently import concurrently
from natter.usecases.reading.show_events import ShowEvents
from natter.usecases.reading.view_conversations import ReadHeads

type CountUnreadOf = Callable[[Collection[UserId]], Mapping[UserId, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToPush:
    """A push that is to be composed."""

    message: Message
    user_id: UserId
    reachable: Reachable
    count: int = 1
    """Messages that it stands for."""

    @property
    def place(self) -> Place:
        return self.message.conversation_id, self.message.seq

    @property
    def shows_content(self) -> bool:
        return self.count == 1 and self.reachable.notifications.previews


@dataclass(frozen=True, kw_only=True)
class ComposePushes:
    """
    Compose pushes from what their messages say by now.

    Raises:
        Unavailable: a store did not answer in time.
    """

    reachables: Reachables
    timeline: Timeline
    heads: ReadHeads
    show: ShowEvents
    attachments: Attachments
    count_unread: CountUnreadOf

    def __call__(self, wanted: Sequence[ToPush]) -> Sequence[Push | None]:
        """One each, in their order; None where nothing is left to tell: the message, or its author, is gone."""
        names = self.reachables.names({each.message.sender_id for each in wanted})
        said = self._said({each.place: each.message for each in wanted if each.count == 1})
        kinds = self._content_types([said[each.place] for each in wanted if each.shows_content and each.place in said])
        badges = self.count_unread({each.user_id for each in wanted})
        pushes: list[Push | None] = []
        for each in wanted:
            named = _title(each, names.get(each.message.sender_id))
            says = gathered(each.count) if each.count > 1 else _says(each, said.get(each.place), kinds)
            if named is None or says is None:
                pushes.append(None)
            else:
                pushes.append(_push(each, named, says, badges[each.user_id]))
        return pushes

    def _said(self, messages: Mapping[Place, Message]) -> Mapping[Place, Event]:
        """The messages as they are by now, but those that are gone."""
        found: dict[ConversationId, list[Event]] = {}
        for (conversation, _), event in self.timeline.events_at(messages).items():
            found.setdefault(conversation, []).append(event)
        heads = self.heads.places(list(found))
        shown = concurrently(partial(self._shown, found[each], head.seq) for each, head in heads.items())
        return {
            (event.conversation_id, event.seq): event
            for events in shown
            for event in events
            if "content" in event.payload
        }

    def _shown(self, events: Sequence[Event], head_seq: int) -> Sequence[Event]:
        """What all who see them see alike: whoever asks."""
        return self.show(events[0].sender_id, events[0].conversation_id, events, state_seq=head_seq)

    def _content_types(self, events: Sequence[Event]) -> Mapping[Place, str | None]:
        """Of the files that they show without a word."""
        showing = {
            (event.conversation_id, event.seq): event
            for event in events
            if attachment_of(event) is not None and not event.payload["content"].get("text")
        }
        deadline = monotonic() + PREVIEWS_S
        found = concurrently(partial(self._content_type, event, deadline) for event in showing.values())
        return dict(zip(showing, found, strict=True))

    def _content_type(self, event: Event, deadline: float) -> str | None:
        attachment = attachment_of(event)
        if attachment is None or monotonic() > deadline:
            return None
        try:
            found = self.attachments.link(event.conversation_id, event.sender_id, attachment)
        except Unavailable:
            return None
        return None if found is None else found.content_type


def _title(each: ToPush, author: str | None) -> str | None:
    """Of several messages of a group some may be of others, who are still there: it stands for the author then."""
    group = each.reachable.title if each.reachable.kind == "group" else None
    if author is None:
        return group if each.count > 1 else None
    return title(author, group)


def _says(each: ToPush, event: Event | None, kinds: Mapping[Place, str | None]) -> str | None:
    if event is None:
        return None
    return body(
        event.payload["content"], previews=each.reachable.notifications.previews, content_type=kinds.get(each.place)
    )


def _push(each: ToPush, named: str, says: str, badge: int) -> Push:
    return Push(
        conversation_id=each.message.conversation_id,
        seq=each.message.seq,
        kind=each.reachable.kind,
        title=named,
        body=says,
        badge=max(1, badge),
    )

"""Who is shown an event: who belongs to the conversation at its place, and who was removed by it (P8)."""

from collections.abc import Collection, Iterable, Mapping

from natter.domain.conversations.members import MembershipChange, apply_membership
from natter.domain.conversations.rosters import Roster
from natter.domain.ids import UserId


def shown_to(members: Collection[UserId], changes: Iterable[MembershipChange]) -> frozenset[UserId]:
    """
    Who is shown the event that makes `changes`, when `members` belong to the conversation after it.

    Somebody who is erased is gone: there is nobody left to be shown anything.
    """
    removed = (change.user_id for change in changes if change.role is None and not change.erased)
    return frozenset(members).union(removed)


def readers_by_places(roster: Roster, seqs: Iterable[int]) -> Mapping[tuple[int, ...], list[UserId]]:
    """
    Who is shown which of the events at `seqs`: people by the places that they are shown, ascending.

    Everybody is listed once. `roster` must know of all these places.
    """
    waiting = sorted(roster.changes, key=lambda change: change.seq, reverse=True)
    members = dict(roster.members)
    shown: dict[UserId, list[int]] = {}
    for seq in sorted(set(seqs)):
        roster.check(seq)
        here: list[MembershipChange] = []
        while waiting and waiting[-1].seq <= seq:
            change = waiting.pop()
            apply_membership(members, change)  # what the roster has been told already, changes nothing
            if change.seq == seq:
                here.append(change)
        for user in shown_to(members, here):
            shown.setdefault(user, []).append(seq)
    people: dict[tuple[int, ...], list[UserId]] = {}
    for user in sorted(shown):
        people.setdefault(tuple(shown[user]), []).append(user)
    return people

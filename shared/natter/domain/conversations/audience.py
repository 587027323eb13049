"""Who is shown an event: who belongs to the conversation at its place, and who was removed by it (P8)."""

from collections.abc import Iterable, Mapping

from natter.domain.conversations.members import Membership, MembershipChange, apply_membership
from natter.domain.ids import UserId


def shown_to(changes: Iterable[MembershipChange], seqs: Iterable[int]) -> Mapping[tuple[int, ...], list[UserId]]:
    """
    Who is shown the events at `seqs`: the members at each place, and who was removed by it (P8).

    Returns people by the places that they are shown, ascending; everybody once. `changes` may stand in any order,
    and must hold all up to the last of `seqs`.
    """
    waiting = sorted(changes, key=lambda change: change.seq, reverse=True)
    members: dict[UserId, Membership] = {}
    shown: dict[UserId, list[int]] = {}
    for seq in sorted(set(seqs)):
        concerned = set()
        while waiting and waiting[-1].seq <= seq:
            change = waiting.pop()
            apply_membership(members, change)
            if change.seq == seq:
                concerned.add(change.user_id)
        for user in concerned | members.keys():
            shown.setdefault(user, []).append(seq)
    people: dict[tuple[int, ...], list[UserId]] = {}
    for user in sorted(shown):
        people.setdefault(tuple(shown[user]), []).append(user)
    return people

from local.faults import Connections
from local.faults.ledger import Ledger
from local.faults.posts import PostFaults


def answers(posts: PostFaults, number: int) -> list[object]:
    return [posts.next() for _ in range(number)]


class TestPostFaults:
    async def test_without_a_fault_all_go_their_way(self) -> None:
        assert answers(PostFaults(Ledger()), 2) == [None, None]

    async def test_next_posts_are_refused(self) -> None:
        posts = PostFaults(Ledger())
        posts.arm(Connections(410, posts=2))
        assert answers(posts, 4) == [410, 410, None, None]

    async def test_faults_take_turns(self) -> None:
        posts = PostFaults(Ledger())
        posts.arm(Connections(429, posts=1))
        posts.arm(Connections("none", posts=1))
        assert answers(posts, 3) == [429, "none", None]

    async def test_share_is_drawn_with_the_seed(self) -> None:
        drawn = []
        for _ in range(2):
            posts = PostFaults(Ledger())
            posts.arm(Connections(429, share=0.3, seed=4))
            drawn.append(answers(posts, 1000))
        assert drawn[0] == drawn[1]
        assert 250 < drawn[0].count(429) < 350

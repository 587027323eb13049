import asyncio

from natter_client.tasks import Tasks

CEILING_S = 30


async def test_who_takes_a_cancellation_for_their_own_is_ended_all_the_same() -> None:
    tasks, taken = Tasks(), asyncio.Event()

    async def busy() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            taken.set()
        await asyncio.Event().wait()

    tasks.open()
    task = tasks.start(busy())
    await asyncio.sleep(0)
    async with asyncio.timeout(CEILING_S):
        await tasks.close()
    assert taken.is_set()
    assert task is not None
    assert task.cancelled()

"""However many wait for a position, it is looked up by one of them at a time, and nobody waits too long."""

import asyncio

from lrs.api.shared_look import LOOK_SECONDS, SharedLook


def test_one_looks_for_all() -> None:
    async def wait() -> None:
        look, end, looks = SharedLook(), asyncio.Event(), []

        async def how_far() -> int:
            looks.append(1)
            await end.wait()
            return 7

        waiting = [asyncio.create_task(look.reached(how_far, 20)) for _ in range(50)]
        assert await look.reached(how_far, 0.01) == 0
        end.set()
        assert set(await asyncio.gather(*waiting)) == {7}
        assert await look.reached(how_far, 20) == 7
        assert len(looks) == 1
        await asyncio.sleep(LOOK_SECONDS)
        assert await look.reached(how_far, 20) == 7
        assert len(looks) == 2

    asyncio.run(wait())


def test_who_looks_in_vain_keeps_nobody_from_looking_again() -> None:
    async def wait() -> None:
        look = SharedLook()

        async def fails() -> int:
            raise ConnectionError

        async def how_far() -> int:
            return 7

        tried = [look.reached(fails, 20), look.reached(fails, 20)]
        assert {type(one) for one in await asyncio.gather(*tried, return_exceptions=True)} == {ConnectionError}
        assert await look.reached(how_far, 20) == 7

    asyncio.run(wait())

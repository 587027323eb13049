"""
The shipped `Persist` and `Deliver` under crashes, zombies, redelivery, retries, membership changes and a clock
that jumps, one seed after another. `PYTHONPATH=shared python -m tests.reliability SEED` replays a seed.
"""

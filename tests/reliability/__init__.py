"""
The shipped folds, delivery, receipts and views under crashes, zombies, redelivery, retries, membership changes, lost
caches and clocks that jump, one seed after another.

`PYTHONPATH=shared python -m tests.reliability SEED` replays a seed.
"""

"""Prices are stated once, with where they are from, and get no dearer by the piece."""

from hypothesis import given
from hypothesis import strategies as st

from infra.prices import NOWHERE, PRICES, Price

amounts = st.floats(0, 1e12)


def test_of_few_the_source_is_not_known() -> None:
    """docs/costs.md says which."""
    assert [name for name, price in PRICES.items() if price.source == NOWHERE] == ["Aurora, t4g.medium"]


def test_the_first_step_costs_what_it_says() -> None:
    stepped = Price(1.0, "piece", "here", above=((100, 0.5), (200, 0.25)))
    assert [stepped.cost(amount) for amount in (0, 100, 150, 200, 300)] == [0, 100, 125, 150, 175]


@given(st.sampled_from(sorted(PRICES)), amounts, amounts)
def test_more_is_never_cheaper_and_never_dearer_than_at_the_first_price(name: str, one: float, other: float) -> None:
    price, (less, more) = PRICES[name], sorted((one, other))
    assert 0 <= price.cost(less) <= price.cost(more) <= more * price.usd * (1 + 1e-9)

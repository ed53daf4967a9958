"""Amounts."""

import strawberry

from read_api.graphql.types.scalars import BigInt


@strawberry.type(description="An amount in minor units: 1 USD = 100 minor.")
class Money:
    """Made from two columns, or a sum and the currency asked for."""

    minor: BigInt
    currency: str

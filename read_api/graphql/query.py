"""The root fields of queries."""

import strawberry

from read_api.compiler.entities import ACCOUNTS, DEALS, PIPELINES, PRODUCTS, TEAMS, USERS
from read_api.graphql.fields import entity, listed
from read_api.graphql.types.account import ACCOUNT_LIST, Account, AccountFilter, AccountSort
from read_api.graphql.types.card import EntityCard, entity_card
from read_api.graphql.types.deal import DEAL_LIST, Deal, DealFilter, DealSort
from read_api.graphql.types.forecast import Forecast, forecast
from read_api.graphql.types.organisation import (
    TEAM_LIST,
    USER_LIST,
    Team,
    TeamFilter,
    TeamSort,
    User,
    UserFilter,
    UserSort,
)
from read_api.graphql.types.paging import Connection
from read_api.graphql.types.pipeline import PIPELINE_LIST, Pipeline, PipelineFilter, PipelineSort
from read_api.graphql.types.product import PRODUCT_LIST, Product, ProductFilter, ProductSort
from read_api.graphql.types.timeline import TimelineConnection, timeline


@strawberry.type
class Query:
    """What can be read from the views."""

    deal: Deal | None = entity(DEALS, "A deal.")
    deals: Connection[Deal] = listed(DEAL_LIST, DealFilter, DealSort, "Deals, the newest first.")
    account: Account | None = entity(ACCOUNTS, "An account.")
    accounts: Connection[Account] = listed(ACCOUNT_LIST, AccountFilter, AccountSort, "Accounts, by name.")
    pipeline: Pipeline | None = entity(PIPELINES, "A pipeline.")
    pipelines: Connection[Pipeline] = listed(PIPELINE_LIST, PipelineFilter, PipelineSort, "Pipelines, by name.")
    product: Product | None = entity(PRODUCTS, "A product.")
    products: Connection[Product] = listed(PRODUCT_LIST, ProductFilter, ProductSort, "Products, by name.")
    team: Team | None = entity(TEAMS, "A team.")
    teams: Connection[Team] = listed(TEAM_LIST, TeamFilter, TeamSort, "Teams, by name.")
    user: User | None = entity(USERS, "A user.")
    users: Connection[User] = listed(USER_LIST, UserFilter, UserSort, "Users, by name.")
    timeline: TimelineConnection = timeline("What happened to an entity, the first event first.")
    forecast: Forecast = forecast("What is open, to be expected, won and lost, by groups.")
    entity_card: EntityCard | None = entity_card("The least that there is to say about an entity of any kind.")

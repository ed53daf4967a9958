"""The root fields of queries."""

import strawberry

from read_api.compiler.entities import (
    ACCOUNTS,
    ACTIVITIES,
    CONTACTS,
    DEALS,
    LEADS,
    PIPELINES,
    PRODUCTS,
    TEAMS,
    USERS,
)
from read_api.graphql.duplicates import Duplicate, DuplicateGroupConnection, duplicate_groups, duplicates
from read_api.graphql.fields import entity, listed
from read_api.graphql.search import SearchConnection, search
from read_api.graphql.types.account import ACCOUNT_LIST, Account, AccountFilter, AccountSort
from read_api.graphql.types.activity import ACTIVITY_LIST, Activity, ActivityFilter, ActivitySort
from read_api.graphql.types.agenda import ActivityCount, activity_counts, agenda
from read_api.graphql.types.card import EntityCard, entity_card
from read_api.graphql.types.contact import CONTACT_LIST, Contact, ContactFilter, ContactSort
from read_api.graphql.types.deal import DEAL_LIST, Deal, DealFilter, DealSort
from read_api.graphql.types.forecast import Forecast, forecast
from read_api.graphql.types.funnel import Funnel, funnel
from read_api.graphql.types.lead import LEAD_LIST, Lead, LeadFilter, LeadSort
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
from read_api.graphql.types.saved_view import SAVED_VIEW_LIST, SavedView, SavedViewFilter, SavedViewSort
from read_api.graphql.types.timeline import TimelineConnection, timeline


@strawberry.type
class Query:
    """What can be read from the views."""

    lead: Lead | None = entity(LEADS, "A lead.")
    leads: Connection[Lead] = listed(
        LEAD_LIST, LeadFilter, LeadSort, "Leads, the newest first, without archived and merged ones unless asked for."
    )
    contact: Contact | None = entity(CONTACTS, "A contact.")
    contacts: Connection[Contact] = listed(
        CONTACT_LIST,
        ContactFilter,
        ContactSort,
        "Contacts, by name, without archived and merged ones unless asked for.",
    )
    activity: Activity | None = entity(ACTIVITIES, "An activity.")
    activities: Connection[Activity] = listed(
        ACTIVITY_LIST, ActivityFilter, ActivitySort, "Activities, the newest first."
    )
    agenda: Connection[Activity] = agenda("Open activities of a user, or of all, by when they are due.")
    activity_counts: list[ActivityCount] = activity_counts("How many activities were done, by day, user and kind.")
    saved_views: Connection[SavedView] = listed(
        SAVED_VIEW_LIST, SavedViewFilter, SavedViewSort, "Your saved views and those that are shared, by name."
    )
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
    funnel: Funnel = funnel("How many leads there are and how far they got, by groups.")
    search: SearchConnection = search(
        "Entities of all kinds by their words, in spite of typos, and by pieces of addresses and numbers."
    )
    duplicates: list[Duplicate] = duplicates("Who may be the same as a lead or a contact, the likeliest first.")
    duplicate_groups: DuplicateGroupConnection = duplicate_groups(
        "Leads, or contacts, of whom some may be the same, without archived, merged and converted ones."
    )
    entity_card: EntityCard | None = entity_card("The least that there is to say about an entity of any kind.")

"""The relations that the API reads: tables and functions of projections/migrations."""

from read_api.compiler.sources import Entity

DEALS = Entity("deal_board", "deals_as_of({p}, {t}, {early})")
STAYS = Entity(
    "(select h.*, d.pipeline_id from deal_stage_history h"
    " join deal_board d on d.tenant = h.tenant and d.id = h.deal_id)",
    "stays_as_of({parent}, {p}, {t})",
)
ACCOUNTS = Entity("accounts_now()", "accounts_as_of({p}, {t}, {early})")
PIPELINES = Entity("pipeline_list", "pipelines_as_of({p}, {t}, {early})")
STAGES = Entity("pipeline_stages", "stages_as_of({p}, {t}, {early})", "stage_as_of({pipeline_id}, {id}, {p}, {t})")
PRODUCTS = Entity("product_list", "products_as_of({p}, {t}, {early})")
TEAMS = Entity("team_list", "teams_as_of({p}, {t}, {early})")
USERS = Entity("user_list", "users_as_of({p}, {t}, {early})")
LEADS = Entity("lead_list", "leads_as_of({p}, {t}, {early})")
CONTACTS = Entity("contact_list", "contacts_as_of({p}, {t}, {early})")
ACTIVITIES = Entity("activity_list", "activities_as_of({p}, {t}, {early})")
SAVED_VIEWS = Entity("saved_view_list", "saved_views_as_of({p}, {t}, {early})")
ACTIVITY_COUNTS = Entity(
    "(select c.*, nullif(c.owner_id, '00000000-0000-0000-0000-000000000000') as user_id from activity_counts c)", ""
)
"""As of now only: what is incremented has no states."""

"""The relations between entities that are lists on either side, and what happened to all that belongs to an account.

What belongs to a row that answers early is what its first state says: hence ``true`` where parts are asked for.
"""

from read_api.compiler.sources import Entity

DEAL_CONTACTS = Entity("deal_contacts", "deal_contacts_as_of({p}, {t}, true)")
CONTACT_ACCOUNTS = Entity("contact_accounts", "contact_accounts_as_of({p}, {t}, true)")
CONTACT_RELATIONS = Entity("contact_relations", "contact_relations_as_of({p}, {t}, true)")
CONSENTS = Entity("contact_consents", "contact_consents_as_of({p}, {t}, true)")

DEALS_OF_CONTACT = Entity(
    "(select d.*, l.contact_id from deal_contacts l join deal_board d on d.tenant = l.tenant and d.id = l.deal_id)",
    "(select d.*, l.contact_id from deal_contacts_as_of({p}, {t}, false) l"
    " join deals_as_of({p}, {t}, {early}) d on d.id = l.deal_id)",
)
CONTACTS_OF_ACCOUNT = Entity(
    "(select c.*, l.account_id from contact_accounts l"
    " join contact_list c on c.tenant = l.tenant and c.id = l.contact_id)",
    "(select c.*, l.account_id from contact_accounts_as_of({p}, {t}, false) l"
    " join contacts_as_of({p}, {t}, {early}) c on c.id = l.contact_id)",
)


def activities_of(kind: str) -> Entity:
    """Activities by the entities of a kind that they are about, ``entity_id``."""
    return Entity(
        "(select a.*, r.entity_id from activity_related r"
        f" join activity_list a on a.tenant = r.tenant and a.id = r.activity_id where r.kind = '{kind}')",
        "(select a.*, r.entity_id from activity_related_as_of({p}, {t}, false) r"
        f" join activities_as_of({{p}}, {{t}}, {{early}}) a on a.id = r.activity_id where r.kind = '{kind}')",
    )


_STATE_NOW = "s.position_to = 9223372036854775807"
_STATE_THEN = "holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, {p}, {t}, {early})"

REFERENCES = Entity(
    f"(select s.id, s.kind, coalesce(s.sort_name, '') as name from entity_states s where {_STATE_NOW})",
    f"(select s.id, s.kind, coalesce(s.sort_name, '') as name from entity_states s where {_STATE_THEN})",
)
"""Entities of any kind."""

RELATED = Entity(
    "(select r.activity_id, r.kind, r.entity_id as id, coalesce(s.sort_name, '') as name from activity_related r"
    f" left join entity_states s on s.tenant = r.tenant and s.kind = r.kind and s.id = r.entity_id and {_STATE_NOW})",
    "(select r.activity_id, r.kind, r.entity_id as id, coalesce(s.sort_name, '') as name"
    " from activity_related_as_of({p}, {t}, true) r left join entity_states s on s.kind = r.kind and s.id = r.entity_id"
    f" and {_STATE_THEN.replace('{early}', 'true')})",
)
"""What an activity is about."""

_LINES = (
    "l.*, case split_part(l.stream, '-', 1) when 'account_hierarchy' then 'account'"
    " else split_part(l.stream, '-', 1) end as kind"
)
TIMELINE = Entity(
    f"(select {_LINES} from entity_timeline l)",
    f"(select {_LINES} from entity_timeline l where l.position <= {{p}} and l.occurred_at <= {{t}})",
)


def _account_timeline(accounts: str, contacts: str, deals: str, related: str, lines: str) -> str:
    family = (
        f"select id as account_id, id from {accounts} a union select account_id, contact_id from {contacts} c"
        f" union select account_id, id from {deals} d where account_id is not null"
    )
    members = (
        f"{family} union select f.account_id, r.activity_id from ({family}) f join {related} r on r.entity_id = f.id"
    )
    return f"(select m.account_id, {_LINES} from ({members}) m join {lines} l on l.entity_id = m.id)"


ACCOUNT_TIMELINE = Entity(
    _account_timeline("account_list", "contact_accounts", "deal_board", "activity_related", "entity_timeline"),
    _account_timeline(
        "accounts_as_of({p}, {t}, false)",
        "contact_accounts_as_of({p}, {t}, false)",
        "deals_as_of({p}, {t}, false)",
        "activity_related_as_of({p}, {t}, false)",
        "(select e.* from entity_timeline e where e.position <= {p} and e.occurred_at <= {t})",
    ),
)
"""What happened to an account, its contacts, its deals, and the activities about any of them."""

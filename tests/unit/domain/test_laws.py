"""What holds for every command in every history, found by trying many."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_schemas.pipeline import StageCategory
from event_schemas.registry import Event
from event_schemas.schemas import catalogued
from tests.support.commands import DECIDERS_OF, commands, events, few, random_command
from tests.support.examples import ACCOUNT_OPENED, PIPELINE_DEFINED, PRODUCT_LISTED, TEAM_CREATED, USER_CREATED
from tests.support.people import CONTACT_CREATED, LEAD_CAPTURED
from tests.support.scenario import ANYONE, decide, fold
from write_side.application.deciders import COMMANDS
from write_side.domain import (
    account,
    account_hierarchy,
    activity,
    contact,
    deal,
    lead,
    pipeline,
    product,
    saved_view,
    team,
    user,
)
from write_side.domain.deal_contents import sum_of
from write_side.domain.decider import Command, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.stages import PipelineShape

DECIDERS = (
    account.DECIDER,
    account_hierarchy.DECIDER,
    activity.DECIDER,
    contact.DECIDER,
    deal.DECIDER,
    lead.DECIDER,
    pipeline.DECIDER,
    product.DECIDER,
    saved_view.DECIDER,
    team.DECIDER,
    user.DECIDER,
)
EVENTS = [entry.cls for entry in catalogued()]
STATES = {decider.category: decider for decider in DECIDERS}


FOUNDED: tuple[tuple[Decider[Any, Any], Event], ...] = (
    (account.DECIDER, ACCOUNT_OPENED),
    (contact.DECIDER, CONTACT_CREATED),
    (lead.DECIDER, LEAD_CAPTURED),
    (pipeline.DECIDER, PIPELINE_DEFINED),
    (product.DECIDER, PRODUCT_LISTED),
    (team.DECIDER, TEAM_CREATED),
    (user.DECIDER, USER_CREATED),
)
"""What short sequences begin with, so that deals have something to refer to."""


class Tenant:
    """The folded states of one tenant, and its commands one after the other."""

    def __init__(self, *founded: tuple[Decider[Any, Any], Event]) -> None:
        self.states: dict[Ref, Any] = {
            Ref(decider.category, entity): fold(decider, entity, history)
            for decider, history in founded
            for entity in few(decider.category)
        }

    def run(self, command: Command) -> tuple[Event, ...]:
        """Decide and fold; a rejected command changes nothing."""
        decider = DECIDERS_OF[type(command)]
        ref = Ref(decider.category, decider.stream_id(command))
        state = self.states.get(ref, decider.initial_state)
        try:
            events = decide(decider, state, command, self.states)
        except Rejected:
            return ()
        if events:
            self.states[ref] = fold(decider, command.id, *events, state=state)
        return events

    def check(self) -> None:
        """What the rules promise of every state."""
        for ref, state in self.states.items():
            match ref.kind:
                case "pipeline":
                    check_stages(state.shape)
                case "deal":
                    check_deal(state, self)
                case "account_hierarchy":
                    tops = [list(state.parents.ancestors(one))[-1] for one in few("account")]
                    assert all(state.parents.of(top) is None for top in tops)
                case "user":
                    assert state.manager_id != ref.id


@settings(max_examples=200, deadline=None)
@given(st.lists(commands(), max_size=30))
def test_a_repeated_command_decides_nothing(sequence: list[Command]) -> None:
    """Whatever came before: a command that was accepted decides nothing when it comes again at once."""
    tenant = Tenant(*FOUNDED)
    for command in sequence:
        tenant.run(command)
        assert tenant.run(command) == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(commands(), max_size=30))
def test_the_rules_hold_after_any_commands(sequence: list[Command]) -> None:
    """No sequence of commands leads to a state that the rules forbid."""
    tenant = Tenant(*FOUNDED)
    for command in sequence:
        tenant.run(command)
    tenant.check()


def check_stages(shape: PipelineShape) -> None:
    """The rules of a pipeline's stages."""
    assert {stage.category for stage in shape.active} == set(StageCategory)
    assert len({stage.name.casefold() for stage in shape.active}) == len(shape.active)
    assert len({stage.id for stage in shape.stages}) == len(shape.stages)
    assert shape.stages[: len(shape.active)] == shape.active
    for stage in shape.stages:
        assert stage.probability == {StageCategory.WON: 100, StageCategory.LOST: 0}.get(
            stage.category, stage.probability
        )


def check_deal(state: Any, tenant: Tenant) -> None:
    """A deal stands in a stage of its pipeline that fits, and is in its currency."""
    shape = tenant.states[Ref("pipeline", state.opened.pipeline_id)].shape
    fits: dict[Any, StageCategory] = {
        deal.Open: StageCategory.OPEN,
        deal.Won: StageCategory.WON,
        deal.Lost: StageCategory.LOST,
    }
    assert shape.find(state.now.stage_id).category is fits[type(state)]
    assert state.now.amount.currency == shape.currency
    if items := state.contents.items:
        assert state.now.amount == sum_of(items, shape.currency)


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.category)
@settings(deadline=None)
@given(history=st.lists(events(*EVENTS), max_size=20))
def test_evolve_never_raises(decider: Any, history: list[Event]) -> None:
    """Any events in any order, also another aggregate's, leave a state of the aggregate."""
    state = fold(decider, ANYONE, *history)
    assert type(state).__module__ == decider.decide.__module__


@settings(max_examples=300, deadline=None)
@given(
    history=st.lists(events(*EVENTS), max_size=20),
    beside=st.lists(events(*EVENTS), max_size=20),
    command=commands(),
)
def test_decide_raises_rejections_only(history: list[Event], beside: list[Event], command: Command) -> None:
    """However odd the history: a command is answered, or refused by a rule with a message."""
    decider = DECIDERS_OF[type(command)]
    state = fold(decider, ANYONE, *history)
    others = {ref: fold(STATES[ref.kind], ANYONE, *beside) for ref in decider.reads(command, state)}
    try:
        decide(decider, state, command, others)
    except Rejected as rejection:
        answer = rejection.message
    else:
        answer = "accepted"
    assert answer


@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_on_long_walks(seed: int) -> None:
    """After each of 500 random commands: its repeat decides nothing, and the rules hold."""
    tenant, random = Tenant(), Random(seed)
    for _ in range(500):
        command = random_command(random)
        tenant.run(command)
        assert tenant.run(command) == ()
        tenant.check()


def test_the_walks_meet_what_they_look_for() -> None:
    """The commands that are tried lead to every event that they can, so the laws are not idle."""
    aside = {"BatchStarted", "BatchFinished", "CommandAccepted", "EmailReserved", "EmailReleased"}
    missing = {cls.__name__ for cls in EVENTS} - aside
    for seed in range(200):  # a few do, but which ones changes with every command that is added
        tenant, random = Tenant(*FOUNDED) if seed % 2 else Tenant(), Random(seed)
        for _ in range(500):
            missing -= {type(event).__name__ for event in tenant.run(random_command(random))}
        if not missing:
            break
    assert missing == set()


def test_every_command_is_of_its_decider() -> None:
    """The table of commands sends each to the decider of the module that declares it, or of the one beside."""
    for command, decider in COMMANDS.items():
        module = decider.decide.__module__
        assert command.__module__ in (module, f"{module}_commands", f"{module}_contents")

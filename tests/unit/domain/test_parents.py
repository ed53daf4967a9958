"""The immutable mapping of accounts to parents."""

from uuid import UUID, uuid1

from hypothesis import given
from hypothesis import strategies as st

from write_side.domain.parents import Parents

FEW = st.integers(0, 20).map(lambda number: UUID(int=number))


@given(st.lists(st.tuples(FEW, st.none() | FEW)))
def test_it_is_a_mapping(assignments: list[tuple[UUID, UUID | None]]) -> None:
    """It answers what a dict would, after any assignments."""
    parents, model = Parents(), dict[UUID, UUID]()
    for child, parent in assignments:
        parents = parents.assign(child, parent)
        if parent is None:
            model.pop(child, None)
        else:
            model[child] = parent
    assert [parents.of(UUID(int=n)) for n in range(21)] == [model.get(UUID(int=n)) for n in range(21)]


@given(st.permutations([(UUID(int=n), UUID(int=n + 1)) for n in range(6)]))
def test_equal_content_is_equal(assignments: list[tuple[UUID, UUID]]) -> None:
    """Two mappings are equal when they say the same, however they came to it."""
    parents = Parents()
    for child, parent in assignments:
        parents = parents.assign(child, UUID(int=99)).assign(child, parent)
    expected = Parents()
    for child, parent in sorted(assignments):
        expected = expected.assign(child, parent)
    assert parents == expected
    assert parents.assign(UUID(int=0), None) != expected
    assert expected.assign(UUID(int=50), None) == expected


def test_ids_of_every_kind_spread_over_the_leaves() -> None:
    """Ids that were counted up, or made from a clock, fill the leaves evenly, so that no change copies a long one."""
    for ids in ([UUID(int=n) for n in range(20_480)], [uuid1(node=7, clock_seq=1) for _ in range(20_480)]):
        parents = Parents()
        for one in ids:
            parents = parents.assign(one, UUID(int=1))
        assert max(len(leaf) for branch in parents.branches for leaf in branch) < 100


def test_ancestors_end() -> None:
    """The walk upwards ends at the top, and where a cycle would begin again."""
    a, b, c = (UUID(int=n) for n in range(3))
    chain = Parents().assign(a, b).assign(b, c)
    assert list(chain.ancestors(a)) == [a, b, c]
    assert list(chain.assign(c, a).ancestors(b)) == [b, c, a]

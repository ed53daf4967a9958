"""The compiler's small parts."""

from enum import Enum

import pytest
from graphql import FieldNode, GraphQLArgument, GraphQLField, GraphQLInt, GraphQLString, OperationDefinitionNode, parse

from read_api.compiler.arguments import arguments_of, page_size, shape
from read_api.compiler.entities import DEALS
from read_api.compiler.lru import Lru
from read_api.compiler.sources import Listing, SortKey, Standing
from read_api.compiler.text import Json, json_object, quoted
from read_api.errors import ApiError


class Colour(Enum):
    """An enum's members."""

    RED = "red"
    BLUE = "blue"


def test_the_oldest_is_forgotten() -> None:
    """A cache never holds more than its limit; what is asked for stays, and what is too heavy never comes in."""
    kept: Lru[str, str] = Lru(5, len)
    kept.put("a", "aa")
    kept.put("b", "bb")
    assert kept.get("a") == "aa"
    kept.put("c", "cc")
    kept.put("d", "d" * 6)
    kept.put("a", "a")
    assert [kept.get(each) for each in "abcd"] == ["a", None, "cc", None]
    assert len(kept) == 2


def test_json_text_is_one_concatenation() -> None:
    """Neighbouring constants become one."""
    text = json_object(
        [("a", Json.sql("x")), ("b", json_object([("c", Json.constant("1")), ("d", Json.sql(quoted("y")))]))]
    )
    assert text.render() == """'{"a":'||x||',"b":{"c":1,"d":'||'"'||y||'"'||'}}'"""


@pytest.mark.parametrize("text", ["'", "a'b", "$1", "\\", ";", "é", "\n"])
def test_only_our_own_constants_enter_a_statement(text: str) -> None:
    """No quote, no parameter and nothing that is not ours can become a constant."""
    with pytest.raises(ValueError, match="no constant of ours"):
        Json.constant(text)


def test_shapes_tell_apart_what_changes_a_statement() -> None:
    """Nulls, enums, truth, keys and lengths do; texts and numbers do not."""
    assert shape({"a": "x", "b": 5}) == shape({"a": "y", "b": 6})
    different = [
        None,
        True,
        False,
        "x",
        Colour.RED,
        Colour.BLUE,
        {"a": 1},
        {"b": 1},
        {"a": None},
        [],
        [1],
        [1, 2],
        [None],
    ]
    assert len({shape(each) for each in different}) == len(different)


@pytest.mark.parametrize(("sent", "size"), [(None, 50), (0, 0), (1000, 1000)])
def test_page_sizes(sent: int | None, size: int) -> None:
    """Null is the usual size."""
    assert page_size(sent) == size


@pytest.mark.parametrize("sent", [-1, 1001, 2**31 - 1])
def test_other_page_sizes_are_refused(sent: int) -> None:
    """Negative ones and those over a thousand."""
    with pytest.raises(ApiError):
        page_size(sent)


def test_arguments_are_functions_of_the_variables() -> None:
    """A literal, a variable, one that was not sent, and a default."""
    field = GraphQLField(
        GraphQLString,
        {
            "literal": GraphQLArgument(GraphQLInt),
            "sent": GraphQLArgument(GraphQLInt),
            "unsent": GraphQLArgument(GraphQLInt),
            "usual": GraphQLArgument(GraphQLInt, default_value=7),
        },
    )
    operation = parse("query($s:Int,$u:Int){f(literal:5,sent:$s,unsent:$u)}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    found = arguments_of(field, node, {"s": 1})
    assert {name: value.get({"s": 2}) for name, value in found.items()} == {"literal": 5, "sent": 2, "usual": 7}
    assert {name: value.sample for name, value in found.items()} == {"literal": 5, "sent": 1, "usual": 7}


SORTS = {
    "NAME": SortKey("name", "text"),
    "DUE": SortKey("due", "date", nullable=True),
    "PLACE": SortKey("place", "bigint", unique=True),
}


@pytest.mark.parametrize(
    ("name", "order", "after"),
    [
        ("NAME_ASC", "r.name, r.id", "(r.name, r.id) > ($1, $2)"),
        ("NAME_DESC", "r.name desc, r.id desc", "(r.name, r.id) < ($1, $2)"),
        ("PLACE_ASC", "r.place", "r.place > $1"),
        ("DUE_DESC", "r.due desc nulls last, r.id desc", None),
    ],
)
def test_sorts(name: str, order: str, after: str | None) -> None:
    """Every order is total, and its continuation is a comparison of the same columns."""
    sort = Listing("x", DEALS, SORTS, "NAME_ASC").sort(name)
    assert sort.order_by("r") == order
    assert after is None or sort.after("r", "$1", "$2") == after


ARCHIVED = Standing("not {row}.archived", frozenset({"archived", "merged"}))


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({}, True),
        ({"archived": False}, True),
        ({"archived": None, "merged": False}, True),
        ({"name": "x"}, True),
        ({"archived": True}, False),
        ({"merged": True, "archived": False}, False),
        ({"merged": "a value"}, False),
    ],
)
def test_what_stands_is_lifted_by_asking(given: dict[str, object], holds: bool) -> None:
    """A usual condition holds until one of its filters is asked for; asking for no more than it says leaves it."""
    assert ARCHIVED.holds(given.get) == holds


def test_who_asks_is_a_parameter_only_where_it_counts() -> None:
    """A condition without the user takes no parameter: PostgreSQL refuses those that do not appear."""
    asked: list[str] = []

    def user() -> str:
        asked.append("user")
        return "$1::text"

    assert ARCHIVED.condition("r", user) == "not r.archived"
    assert asked == []
    assert Standing("{row}.owner = {user}").condition("r", user) == "r.owner = $1::text"

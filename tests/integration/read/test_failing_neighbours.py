"""In the reference path one field's refusal costs no other field its answer."""

import orjson
import pytest

from tests.support.read_paths import BothPaths
from tests.support.read_tokens import filled

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("dropped_coroutines")]

REFUSED = 'deals(after:"zzz"){totalCount}'
BESIDE = {
    "a neighbour": "owner{name} parent{name}",
    "a list": "children(first:2){edges{node{name}} totalCount}",
    "a list's neighbours": "children{edges{node{owner{name} parent{name} deals{totalCount}}}}",
}


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("as_of", ["", ',asOf:{position:"<position>"}', ',asOf:{at:"<occurred>",clock:OCCURRED}'])
async def test_what_others_wait_for_is_not_cancelled(
    as_of: str, beside: str, paths: BothPaths, tokens: dict[str, str]
) -> None:
    """The executor cancels what stands beside a refused field; the same being loaded for another root is not."""
    fields = BESIDE[beside]
    alone = f'{{b:account(id:"<account>"{as_of}){{{fields}}}}}'
    broken = f'a:account(id:"<account>"{as_of}){{{fields} {REFUSED}}}'
    both = alone.removesuffix("}") + f" {broken}}}"  # it breaks while the other waits already
    answer = orjson.loads(await paths.reference(filled(both, tokens)))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_CURSOR"]
    assert answer["data"] == {"a": None, "b": orjson.loads(await paths.reference(filled(alone, tokens)))["data"]["b"]}


async def test_figures_share_what_they_read(paths: BothPaths, tokens: dict[str, str]) -> None:
    """A refused list of deals behind a figure leaves another forecast alone: its data is null, and nothing breaks."""
    figures = "totals{open{count} won{count deals{totalCount}}}"
    refused = f"forecast{{totals{{lost{{{REFUSED}}}}}}}"
    query = f'{{a:forecast{{{figures} groups{{key}}}} b:deal(id:"<deal>"){{owner{{name}}}} c:{refused}}}'
    answer = orjson.loads(await paths.reference(filled(query, tokens)))
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_CURSOR"]

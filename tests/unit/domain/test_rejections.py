"""How commands are refused."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import write_side.domain
from write_side.domain.errors import Rejected


def rejections() -> list[type[Rejected]]:
    """All of the domain."""
    modules = [
        importlib.import_module(f"write_side.domain.{module.name}")
        for module in pkgutil.iter_modules(write_side.domain.__path__)
    ]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Rejected) and value is not Rejected
    }
    return sorted(found, key=lambda rejection: rejection.__name__)


ALL = rejections()


def test_a_code_is_the_rules_name_for_the_wire() -> None:
    """``StageIsRetired`` -> ``STAGE_IS_RETIRED``; the field is the class's unless another is given."""

    class StageIsRetired(Rejected):
        """An example."""

        field = "stageId"

    assert StageIsRetired("why").code == "STAGE_IS_RETIRED"
    assert StageIsRetired("why").at == "stageId"
    assert StageIsRetired("why", field="stages.1").at == "stages.1"
    assert Rejected("why").at is None


def test_codes_are_unique() -> None:
    """A client can tell the rules apart by their codes."""
    assert len({rejection("").code for rejection in ALL}) == len(ALL) > 20


@pytest.mark.parametrize("rejection", ALL, ids=lambda rejection: rejection.__name__)
def test_every_rule_says_what_it_is_and_is_tested(rejection: type[Rejected]) -> None:
    """Each has a docstring of its own, and a test beside this one that expects it."""
    assert rejection.__doc__ != Rejected.__doc__
    tests = (path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    imported_and_used = 2
    assert any(text.count(rejection.__name__) >= imported_and_used for text in tests)

"""The project's own rules, which no linter knows. Each answers with the list of places that break it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("event_schemas", "write_side", "projections", "read_api", "replay_tools")
PURE = ("event_schemas", "write_side/domain", "projections/documents", "projections/views")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service"}
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom", "token_hex", "token_bytes", "token_urlsafe"}
MOST_LINES = 300
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)")
EXCEPTION_WITH_REASON = re.compile(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\]|pragma: no cover)\s*(-+|#)\s+\w+")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|GRANT)\s[^\n]*\n", re.IGNORECASE)

pytestmark = pytest.mark.source_tree


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Path and text of every Python file in the folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax tree of every Python file in the folders."""
    for path, text in sources(*folders):
        yield path, ast.parse(text)


def test_every_module_says_what_it_is_for() -> None:
    """A module that holds anything starts with a docstring."""
    everything = trees(*PACKAGES, "tests", "benchmarks")
    assert [path for path, tree in everything if tree.body and ast.get_docstring(tree) is None] == []


def test_every_test_says_what_holds() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in trees("tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and Path(path).name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_no_file_holds_two_things() -> None:
    """No Python file is longer than 300 lines."""
    everything = sources(*PACKAGES, "tests", "benchmarks")
    assert [path for path, text in everything if text.count("\n") > MOST_LINES] == []


def test_names_say_something() -> None:
    """No file or folder has a name that could hold anything."""
    named = (Path(path) for path, _ in sources(*PACKAGES, "tests", "benchmarks"))
    assert [str(path) for path in named if EMPTY_NAMES & {part.removesuffix(".py") for part in path.parts}] == []


def test_the_pure_packages_ask_no_clock_and_no_chance() -> None:
    """Time and ids come in with the command or the event: now(), today(), uuid4() and the like are not called there."""
    calls = [
        f"{path}:{node.lineno}"
        for path, tree in trees(*PURE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in IMPURE_CALLS
    ]
    assert calls == []


def test_every_lint_exception_has_its_reason() -> None:
    """Who silences a linter names the rule and says why, in the same line."""
    silenced = [
        f"{path}:{number}"
        for path, text in sources(*PACKAGES, "tests", "benchmarks")
        for number, line in enumerate(text.splitlines(), start=1)
        if EXCEPTION.search(line) and not EXCEPTION_WITH_REASON.search(line) and "re.compile(" not in line
    ]
    assert silenced == []


def test_longer_sql_lives_in_sql_files() -> None:
    """No statement of several lines stands in Python."""
    statements = [
        f"{path}:{node.lineno}"
        for path, tree in trees(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert statements == []

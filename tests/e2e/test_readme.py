"""The README's first question, asked word by word."""

import json
import re
from pathlib import Path

import pytest

from tests.support.platform import Platform

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"

pytestmark = pytest.mark.source_tree


def test_the_first_question_has_the_answer_that_is_printed(platform: Platform, token: str) -> None:
    """What the README asks is answered with what the README says."""
    text = README.read_text()
    asked = re.search(r"-d '(?P<body>\{.*\})'", text)
    said = re.search(r'^ +(?P<answer>\{"data":.*\})$', text, re.MULTILINE)
    assert asked is not None
    assert said is not None
    answer = platform.graphql(json.loads(asked["body"])["query"], token=token)
    assert {"data": answer} == json.loads(said["answer"])

"""The published JSON schemas say what reports and pyproject.toml may hold."""

import json
from pathlib import Path

import jsonschema
import pytest

from reparam.errors import ReparamError
from reparam.verification import verify
from reparam.verification.evidence.context import LEVELS
from reparam.verification.run import configuration
from reparam.verification.run.planning import DTYPES
from reparam.verification.witnesses import NAMES

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


def checker(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class Sideways:
    """A sampler that is wrong, and raises where it is asked for much."""

    distribution = "exponential"

    def rsample(self, n, *, rng, rate):
        y = rng.exponential(size=n) / rate
        return y, {"rate": y / rate}


def test_reports():
    report = verify(
        ["laplace", Sideways, "mixture([0.5, 0.5], gaussian, gaussian(loc=1))"],
        witnesses=["derivative", "edges", "transform"],
        level="quick",
        seed=1,
        workers=1,
    )
    assert {str(check.outcome) for check in report.checks} >= {"holds", "fails"}
    checker("report").validate(json.loads(json.dumps(report.to_json(), allow_nan=False)))


def test_names_in_the_schema_are_those_there_are():
    defined = checker("project").schema["$defs"]
    assert defined["witnesses"]["items"]["enum"] == list(NAMES)
    assert defined["dtype"]["enum"] == list(DTYPES)
    assert checker("project").schema["properties"]["level"]["enum"] == list(LEVELS)


RIGHT = {
    "targets": ["gaussian", {"target": "gamma", "rtol": 1e-3, "parameters": {"alpha": 2}}],
    "level": "quick",
    "seed": 3,
    "rtol": 1e-6,
    "dtype": "float64",
    "only": ["score"],
    "skip": ["continuity"],
    "workers": 2,
    "time-limit": 60,
}


def test_tables_that_are_read():
    configuration._configuration(RIGHT, "[tool.reparam]")
    checker("project").validate(RIGHT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": []},
        {"targets": [3]},
        {"targets": [{"rtol": 0.1}]},
        {"targets": [{"target": "gamma", "parameters": {"alpha": "2"}}]},
        {"level": "deep"},
        {"seed": -1},
        {"seed": 1.5},
        {"rtol": 1.0},
        {"dtype": "float16"},
        {"only": ["scor"]},
        {"skip": "score"},
        {"workers": 0},
        {"time-limit": 0},
        {"tolerance": 1},
    ],
    ids=str,
)
def test_tables_that_are_refused(wrong):
    with pytest.raises(ReparamError):
        configuration._configuration(wrong, "[tool.reparam]")
    assert not checker("project").is_valid(wrong)

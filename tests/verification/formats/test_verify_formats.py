"""Formats of a verification's report: what they say, and that other programs can read it."""

import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from reparam.errors import InputError
from reparam.verification import Check, Comparison, Outcome, Report
from reparam.verification.formats import NAMES, by_suffix, render, table

HOLDS = Comparison(
    "∂y/∂scale",
    Outcome.HOLDS,
    error=2e-9,
    bound=1e-7,
    point={"loc": 0.0, "scale": 1.5, "z": -2.25},
    got=3.0,
    expected=3.0000000060000005,
    points=64,
)
WRONG = replace(HOLDS, outcome=Outcome.FAILS, error=2.0, got=-3.0, note="off by −200 % | there")
VAGUE = replace(HOLDS, outcome=Outcome.INCONCLUSIVE, error=math.nan, bound=math.inf, got=math.nan)
REPORT = Report(
    checks=(
        Check("laplace", "derivative", (HOLDS,), seconds=0.25),
        Check("laplace", "score", reason="it has no score, or no log_prob"),
        Check("my:Own", "derivative", (WRONG, replace(WRONG, what="∂y/∂loc"), HOLDS), seconds=1.0),
        Check("my:Own", "score", (VAGUE, HOLDS), seconds=0.5),
        Check("my:Own", "edges", reason="it raised Odd: <b>\x1b[1m 9 %\r\n,\ud800", crashed=True),
    ),
    seed=2**70,
    level="quick",
    false_alarm=1e-9,
    version="1.2",
    seconds=1.75,
)
CLOSING = (
    "5 checks: 1 holds, 2 fail, 1 inconclusive, 1 skipped;"
    " quick, seed 1180591620717411303424, 1.75 s; P(false alarm) ≤ 1e-9"
)


def test_json_reads_back_to_an_equal_report():
    text = render(REPORT, "json")
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert Report.from_json(data) == REPORT
    assert data["schema"] == 1
    assert [check["outcome"] for check in data["checks"]] == [
        "holds",
        "skipped",
        "fails",
        "inconclusive",
        "fails",
    ]
    assert data["checks"][3]["comparisons"][0]["got"] == "NaN"


@pytest.mark.parametrize("field", ["error", "bound", "got", "expected"])
def test_reports_that_differ_in_a_number_are_not_equal(field):
    changed = replace(VAGUE, **{field: 0.5})
    assert changed != VAGUE
    assert Comparison.__eq__(changed, 1) is NotImplemented


@pytest.mark.parametrize("data", [{}, [], None, {"schema": 2}, {"schema": 1, "checks": [{}]}])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(InputError):
        Report.from_json(data)


def test_json_lines_are_the_checks_and_then_the_run():
    *checks, run = map(json.loads, render(REPORT, "jsonl").splitlines())
    assert Report.from_json({**run, "checks": checks}) == REPORT
    assert ["schema" in line for line in (*checks, run)] == [False] * 5 + [True]


def test_github_annotates_what_does_not_hold_and_escapes_it():
    *commands, closing = render(REPORT, "github").splitlines()
    assert closing == CLOSING
    assert [command.partition(" ")[0] for command in commands] == [
        "::error",
        "::warning",
        "::error",
    ]
    assert commands[0].startswith(
        "::error title=reparam verify%3A my%3AOwn%2C derivative::∂y/∂scale at loc=0, scale=1.5,"
    )
    assert "off by −200 %25 | there%0A∂y/∂loc at" in commands[0]
    assert commands[2].endswith("::it raised Odd: <b>\\x1b[1m 9 %25 ,\\xd800")


#: Attributes (those required first, with a count of them) and children, as in the schema
#: junit-10.xsd of Jenkins's xUnit plugin.
JUNIT = {
    "testsuites": (0, ("name", "time", "tests", "failures", "errors"), {"testsuite"}),
    "testsuite": (
        4,
        ("name", "tests", "failures", "errors", "time", "skipped"),
        {"properties", "testcase"},
    ),
    "properties": (0, (), {"property"}),
    "property": (2, ("name", "value"), set()),
    "testcase": (1, ("name", "time", "classname"), {"skipped", "error", "failure"}),
    "skipped": (0, ("type", "message"), set()),
    "error": (0, ("type", "message"), set()),
    "failure": (0, ("type", "message"), set()),
}


def test_junit_xml_follows_the_schema():
    root = ET.fromstring(render(REPORT, "junit").encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        required, attributes, children = JUNIT[element.tag]
        assert set(attributes[:required]) <= set(element.attrib) <= set(attributes)
        assert {child.tag for child in element} <= children
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))


def test_junit_xml_has_a_suite_a_target_and_a_case_a_witness():
    root = ET.fromstring(render(REPORT, "junit").encode())
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert cases == [(check.target, check.witness) for check in REPORT.checks]
    assert [suite.attrib for suite in root] == [
        {"name": "laplace", "tests": "2", "failures": "0", "errors": "0", "skipped": "1"}
        | {"time": "0.250"},
        {"name": "my:Own", "tests": "3", "failures": "2", "errors": "1", "skipped": "0"}
        | {"time": "1.500"},
    ]
    assert root.attrib == {
        "name": "reparam verify",
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "time": "1.750",
    }
    failures = list(root.iter("failure"))
    assert [failure.get("type") for failure in failures] == ["fails", "inconclusive"]
    assert failures[0].get("message") == str(WRONG)
    assert failures[0].text.splitlines() == [str(WRONG), str(replace(WRONG, what="∂y/∂loc"))]
    assert next(root.iter("error")).get("message") == "it raised Odd: <b>\\x1b[1m 9 % ,\\xd800"
    assert next(root.iter("skipped")).get("message") == REPORT.checks[1].reason


def test_markdown_is_a_matrix_and_what_does_not_hold():
    lines = render(REPORT, "markdown").splitlines()
    assert lines[:6] == [
        f"**Not verified**: {CLOSING}",
        "",
        "| target | derivative | score | edges |",
        "| --- | :---: | :---: | :---: |",
        "| laplace | ✅ | – |  |",
        "| my:Own | ❌ | ❔ | ❌ |",
    ]
    assert "### my:Own: derivative fails" in lines
    assert "off by −200 % \\| there" in "".join(lines)
    assert "- it raised Odd: \\<b\\>\\\\x1b\\[1m 9 % ,\\\\xd800" in lines
    good = replace(REPORT, checks=REPORT.checks[:2])
    assert render(good, "markdown").startswith("**Verified**: 2 checks: 1 holds, 1 skipped;")


class TestTable:
    def test_a_line_a_check_and_below_what_is_wrong(self):
        assert render(REPORT, "table") == (
            "✓ laplace             derivative    2e-9 ≤ 1e-7        ∂y/∂scale at loc=0, scal…\n"
            "– laplace             score         it has no score, or no log_prob\n"
            "✗ my:Own              derivative    2 > 1e-7           ∂y/∂scale at loc=0, scal…\n"
            "    ∂y/∂scale at loc=0, scale=1.5, z=-2.25: got -3, expected 3.000000006 (0.0\n"
            "      digits); off by −200 % | there\n"
            "    ∂y/∂loc at loc=0, scale=1.5, z=-2.25: got -3, expected 3.000000006 (0.0\n"
            "      digits); off by −200 % | there\n"
            "? my:Own              score                            ∂y/∂scale at loc=0, scal…\n"
            "    ∂y/∂scale at loc=0, scale=1.5, z=-2.25: undecided\n"
            "✗ my:Own              edges         it raised Odd: <b>\\x1b[1m 9 % ,\\xd800\n"
            "5 checks: 1 holds, 2 fail, 1 inconclusive, 1 skipped; quick, seed\n"
            "1180591620717411303424, 1.75 s; P(false alarm) ≤ 1e-9; look at my:Own\n"
        )

    def test_a_line_a_target_and_each_finding_once(self):
        held, skipped, wrong, vague, _ = REPORT.checks
        line = "✓ laplace             1 check, worst 2e-9 of 1e-7, 1 skipped\n"
        assert table.target([held, skipped]) == line
        again = Check("my:Own", "expectation", (replace(WRONG, got=-4.0),))  # other numbers alone
        head, *below = table.target([wrong, vague, again], table.Look(width=200)).splitlines()
        assert head == "✗ my:Own              ✗ derivative, ? score, ✗ expectation"
        assert below[0].startswith("    derivative, expectation: ∂y/∂scale at loc=0, scale=1.5")
        assert [line.split(":")[0].strip() for line in below[1:]] == ["derivative", "score"]

    def test_what_does_not_hold_is_repeated_unless_it_was_last(self):
        held, wrong = REPORT.checks[0], REPORT.checks[2]
        brief = table.Look(verbose=False)
        last = table.end(replace(REPORT, checks=(held, wrong)), brief)
        first = table.end(replace(REPORT, checks=(wrong, held)), brief)
        assert first == "\n" + table.target([wrong], brief) + last

    @pytest.mark.parametrize("width", [60, 80, 100])
    def test_nothing_is_wider_than_the_terminal(self, width):
        long = Check("package.module.deeper:SomeSampler", "expectation", (WRONG,) * 9)
        text = table.check(long, table.Look(width=width))
        lines = text.splitlines()
        assert max(map(len, lines)) <= width
        assert lines[0].startswith("✗ …eeper:SomeSampler")
        assert lines[-1] == "    … and 5 more"

    @pytest.mark.parametrize("comparisons", [(), (WRONG, HOLDS)])
    @pytest.mark.parametrize("words", [1, 20])
    def test_a_reason_is_told_once_and_whole(self, words, comparisons):
        reason = "it raised ValueError:" + " word" * words
        text = table.check(Check("laplace", "score", comparisons, reason=reason, crashed=True))
        head, *below = text.splitlines()
        said = [reason, *(str(item) for item in comparisons if item is WRONG)]
        if words == 1:
            assert head == f"✗ laplace             score         {reason}"
            said = said[1:]
        else:
            assert head == "✗ laplace             score"
        assert " ".join(" ".join(below).split()) == " ".join(said)

    def test_a_long_reason_to_skip_is_cut(self):
        head, *below = table.check(Check("laplace", "score", reason="word " * 20)).splitlines()
        assert (head[0], head[-1], below) == ("–", "…", [])

    def test_without_unicode(self):
        look = table.Look(unicode=False)
        texts = [table.check(check, look) for check in REPORT.checks]
        assert texts[0].startswith("+ laplace             derivative    2e-9 <= 1e-7")
        assert [text[0] for text in texts] == ["+", "-", "x", "?", "x"]
        assert "".join(texts).isascii()

    def test_colours_only_the_marks_and_the_end(self):
        look = table.Look(colour=True)
        plain = re.compile(r"\x1b\[\d+m")
        for check in REPORT.checks:
            text = table.check(check, look)
            assert text.startswith("\x1b[")
            assert len(plain.findall(text)) == 2
            assert plain.sub("", text) == table.check(check)
        assert table.end(REPORT, look).startswith("\x1b[31m5 checks")


def test_a_suffix_tells_a_format():
    assert {by_suffix(f"report{suffix}") for suffix in (".json", ".JSONL", ".md", ".xml")} == {
        "json",
        "jsonl",
        "markdown",
        "junit",
    }
    assert by_suffix("report") is None


@pytest.mark.parametrize("name", NAMES)
def test_no_format_has_characters_that_are_no_text(name):
    text = render(REPORT, name)
    if not name.startswith("json"):  # they escape them themselves
        text.encode()
    assert "\x1b" not in text


def test_a_run_that_saw_nothing_of_a_target_does_not_hold():
    seen = Check("laplace", "score", (Comparison("p", Outcome.HOLDS, 0.0, 1.0),))
    unseen = Check("mine", "score", reason="it has no score")
    report = Report((seen, unseen), 1, "quick", 0.0, "1.0")
    assert report.outcome is Outcome.HOLDS
    assert not report.holds
    assert report.unseen == ["mine"]
    closing = " ".join(render(report, "table").split())
    assert closing.endswith("; nothing was verified of mine")
    assert Report((seen,), 1, "quick", 0.0, "1.0").holds

"""``[tool.reparam]`` of pyproject.toml: what it says, what it refuses, and what overrides it."""

import math

import pytest

from reparam.errors import InputError
from reparam.verification import TargetSpec
from reparam.verification.run.configuration import Configuration, merged, read
from reparam.verification.run.planning import registered

FULL = """
[tool.reparam]
level = "quick"
seed = 12
rtol = 1e-6
only = ["derivative", "score"]
skip = ["score"]
workers = 2
time-limit = 10
targets = [
    "laplace",
    { target = "my.dists:Own", rtol = 1e-3, only = ["edges"], skip = ["score"], \
parameters = { df = 3, loc = -1.5 } },
]
"""


def test_all_keys(tmp_path):
    (tmp_path / "pyproject.toml").write_text(FULL)
    own = TargetSpec("my.dists:Own", 1e-3, ("edges",), ("score",), {"df": 3.0, "loc": -1.5})
    assert read(tmp_path) == Configuration(
        targets=(TargetSpec("laplace"), own),
        root=tmp_path,
        level="quick",
        seed=12,
        rtol=1e-6,
        only=("derivative", "score"),
        skip=("score",),
        workers=2,
        time_limit=10,
    )


class TestWhereItIs:
    """The nearest pyproject.toml that has the table, up to the repository's root."""

    TABLE = "[tool.reparam]\nseed = {}\n"

    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "pyproject.toml").write_text(self.TABLE.format(1))
        (tmp_path / "a/b").mkdir(parents=True)
        return tmp_path

    def test_above(self, project):
        assert read(project / "a/b").seed == 1

    def test_nearest(self, project):
        (project / "a/pyproject.toml").write_text(self.TABLE.format(2))
        assert read(project / "a/b").seed == 2

    def test_others_tables_are_passed_by(self, project):
        (project / "a/pyproject.toml").write_text("[tool.other]\nseed = 2\n")
        assert read(project / "a/b").seed == 1

    @pytest.mark.parametrize("kind", ["directory", "file of a worktree"])
    def test_not_beyond_the_repository(self, project, kind):
        root = project / "a/.git"
        root.mkdir() if kind == "directory" else root.write_text("gitdir: elsewhere\n")
        assert read(project / "a/b") == Configuration()

    def test_an_empty_table_is_one(self, project):
        (project / "a/pyproject.toml").write_text("[tool.reparam]\n")
        assert read(project / "a/b") == Configuration(root=project / "a")


@pytest.mark.parametrize(
    ("lines", "fragments"),
    [
        ("sed = 1", ["[tool.reparam] has an unknown key 'sed'; did you mean 'seed'? (there are"]),
        ("time_limit = 1", ["unknown key 'time_limit'; did you mean 'time-limit'?"]),
        ("targets = 'laplace'", ["targets is 'laplace', not a list"]),
        ("targets = []", ["targets is empty; name some, such as"]),
        ("targets = [1]", ["targets[0] is 1, neither a string nor a table with target"]),
        ("targets = [{ rtol = 1e-3 }]", ["targets[0] lacks target; write for example"]),
        ("targets = [{ target = 1 }]", ["targets[0] target is 1, not a string"]),
        (
            "targets = ['f', { target = 'f', skipp = [] }]",
            ["targets[1] has an unknown key 'skipp'; did you mean 'skip'?"],
        ),
        (
            "targets = [{ target = 'f', rtol = 2.0 }]",
            ["targets[0] rtol: rtol 2.0 is not a number between"],
        ),
        ("targets = [{ target = 'f', parameters = 1 }]", ["parameters is 1, not a table"]),
        (
            "targets = [{ target = 'f', parameters = { loc = '1' } }]",
            ["parameters loc is '1', not a number"],
        ),
        (
            "targets = [{ target = 'f', parameters = { loc = true } }]",
            ["parameters loc is True, not a number"],
        ),
        ("level = 'fast'", ["level: no level is called 'fast'", "quick, default, thorough"]),
        ("level = []", ["no level is called []"]),
        ("seed = -1", ["seed: seed -1 is not a non-negative integer"]),
        ("seed = true", ["seed True is not a non-negative integer"]),
        ("seed = 1.0", ["seed 1.0 is not a non-negative integer"]),
        ("rtol = 0", ["rtol: rtol 0 is not a number between 0 and 1"]),
        ("rtol = nan", ["rtol nan is not a number between 0 and 1"]),
        ("rtol = '1e-3'", ["rtol '1e-3' is not a number between 0 and 1"]),
        ("only = 'score'", ["only is 'score', not a list"]),
        ("only = ['scor']", ["only: no witness is called 'scor'; did you mean 'score'?"]),
        ("skip = [1]", ["skip: no witness is called 1"]),
        ("workers = 0", ["workers: number of workers 0 is not a whole number from 1"]),
        ("workers = 1.5", ["number of workers 1.5 is not a whole number from 1"]),
        ("time-limit = 0", ["time-limit: time limit 0 is not a positive number of seconds"]),
        ("time-limit = 'long'", ["time limit 'long' is not a positive number of seconds"]),
        ("seed = ", ["can't read", "line 2"]),
    ],
)
def test_mistakes_are_named_with_their_file(tmp_path, lines, fragments):
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.reparam]\n{lines}\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    for fragment in (str(path), *fragments):
        assert fragment in str(caught.value)


@pytest.mark.parametrize("text", ["tool.reparam = 1", "tool = { reparam = [] }"])
def test_it_is_a_table(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(InputError, match="not a table"):
        read(tmp_path)


def test_text_that_is_not_utf_8(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.reparam] # \xff\n")
    with pytest.raises(InputError, match=r"can't read .*utf-8"):
        read(tmp_path)


class TestMerged:
    PROJECT = Configuration(
        targets=(TargetSpec("laplace", 1e-3, ("edges",), ("score",), {"loc": 1.0}),),
        level="quick",
        seed=0,
        rtol=1e-4,
        only=("score",),
        skip=("transform",),
        workers=1,
        time_limit=5.0,
    )

    def test_the_project_speaks_where_nothing_is_asked_for(self):
        plan = merged(Configuration(), self.PROJECT)
        assert plan.targets == (
            TargetSpec("laplace", 1e-3, ("edges",), ("score", "transform"), {"loc": 1.0}),
        )
        assert (plan.level, plan.seed, plan.workers, plan.time_limit) == ("quick", 0, 1, 5.0)

    def test_what_is_asked_for_stands(self):
        asked = Configuration(
            targets=(TargetSpec("laplace"), TargetSpec("beta")),
            level="thorough",
            seed=7,
            rtol=1e-5,
            only=("derivative",),
            skip=("identity",),
            workers=3,
            time_limit=math.inf,
        )
        plan = merged(asked, self.PROJECT)
        assert plan.targets == (
            TargetSpec("laplace", 1e-5, ("derivative",), ("identity",), {"loc": 1.0}),
            TargetSpec("beta", 1e-5, ("derivative",), ("identity",)),
        )
        assert (plan.level, plan.seed, plan.workers) == ("thorough", 7, 3)
        assert plan.time_limit == math.inf

    def test_a_target_by_another_of_its_names_is_the_same(self):
        project = Configuration(
            targets=(
                TargetSpec("normal", 1e-3),
                TargetSpec("torch:Beta", parameters={"concentration1": 1.0}),
                TargetSpec("torch:Beta", parameters={"concentration1": 2.0}),
            )
        )
        asked = Configuration(targets=(TargetSpec("gaussian"), TargetSpec("torch:Beta")))
        assert merged(asked, project).targets == project.targets
        (spec,) = merged(Configuration(targets=(TargetSpec("Normal"),)), project).targets
        assert spec.rtol == 1e-3

    def test_another_target_has_what_is_said_of_all(self):
        (spec,) = merged(Configuration(targets=(TargetSpec("beta"),)), self.PROJECT).targets
        assert spec == TargetSpec("beta", 1e-4, ("score",), ("transform",))

    def test_without_any_the_registry_is_verified(self):
        plan = merged(Configuration(), Configuration())
        assert list(plan.targets) == registered()
        assert (plan.level, plan.seed, plan.time_limit) == ("default", None, 120.0)

    def test_each_target_has_a_witness_left(self):
        project = Configuration(
            targets=(
                TargetSpec("beta", only=("score",), parameters={"alpha": 2.0}),
                TargetSpec("f"),
            )
        )
        message = r"^no witness is left to ask of beta\(alpha=2\); ask for others, or skip fewer$"
        with pytest.raises(InputError, match=message):
            merged(Configuration(skip=("score",)), project)
        # the registry has targets that some witnesses have no question for
        assert merged(Configuration(only=("derivative",)), Configuration()).targets

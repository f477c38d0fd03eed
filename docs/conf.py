import shutil
import sys
from pathlib import Path

import reparam

project = "reparam"
author = "the reparam developers"
release = version = reparam.__version__

sys.path.append(str(Path(__file__).parent / "_extensions"))
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "gallery",
    "mathml",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"reparam {version}"
smartquotes = False  # -- is how an option starts
html_static_path = ["_static"]
html_extra_path = ["schemas"]
html_css_files = ["site.css"]
html_js_files = ["lesson.js"]  # puts the interactive lesson in the place of its picture

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_math_renderer = "mathml"

copybutton_prompt_text = r">>> |\.\.\. |\$ "  # neither prompts nor outputs are copied
copybutton_prompt_is_regexp = True

autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_rtype = False

nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!reparam).*"),
    ("py:.*", r"reparam\._typing\..*"),
    ("py:.*", r"reparam\.graphs\._draw\._Model"),  # a type variable
    (
        "py:.*",
        r"reparam\.base\.(operators\.Arithmetic|second_order\.SecondOrder|stand_ins\.StandIns)",
    ),  # base classes
]


def copy_lesson(app, exception):
    """Put the lesson beside the pages."""
    if exception is None and app.builder.format == "html":
        lesson = Path(reparam.__file__).parent / "lesson"
        shutil.copytree(lesson, Path(app.outdir) / "lesson", dirs_exist_ok=True)


def setup(app):
    app.connect("build-finished", copy_lesson)

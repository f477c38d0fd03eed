import shutil
from pathlib import Path

import reparam

project = "reparam"
author = "the reparam developers"
release = version = reparam.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"reparam {version}"
smartquotes = False  # -- is how an option starts
html_static_path = ["_static"]
html_extra_path = ["schemas"]
html_js_files = ["lesson.js"]  # puts the interactive lesson in the place of its picture

myst_heading_anchors = 3

autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_rtype = False

nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!reparam).*"),
    ("py:.*", r"reparam\._typing\..*"),
    ("py:.*", r"reparam\.graphs\._draw\._Model"),  # a type variable
    ("py:.*", r"reparam\.base\.(operators\.Arithmetic|stand_ins\.StandIns)"),  # base classes
]


def copy_lesson(app, exception):
    """Put the lesson beside the pages."""
    if exception is None and app.builder.format == "html":
        lesson = Path(reparam.__file__).parent / "lesson"
        shutil.copytree(lesson, Path(app.outdir) / "lesson", dirs_exist_ok=True)


def setup(app):
    app.connect("build-finished", copy_lesson)

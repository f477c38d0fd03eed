import shutil
import sys
from pathlib import Path

import reparam

sys.path.append(str(Path(__file__).parent / "_extensions"))
from reference import CONTEXT

project = "reparam"
author = copyright = "the reparam developers"
release = version = reparam.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "gallery",
    "mathml",
]
exclude_patterns = ["_build", "_templates"]

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

templates_path = ["_templates"]
autosummary_context = CONTEXT
suppress_warnings = ["config.cache"]  # functions in it are not pickled
autosummary_generate_overwrite = True
# names that differ from a class's by case alone, which some file systems don't distinguish
autosummary_filename_map = {
    f"reparam.{name}": f"reparam.{name}-function" for name in ("independent", "mixture")
}
autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_rtype = False

nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!reparam).*"),
    ("py:.*", r"reparam\._typing\..*"),
    ("py:.*", r"reparam\.dask\..*"),  # needs an extra
    ("py:.*", r"reparam\.\w+\._.*"),  # type variables and base classes
    ("py:.*", r"reparam\.base\..*\.(Arithmetic|Formulas|SecondOrder|StandIns|Tree)"),
]


def copy_lesson(app, exception):
    """Put the lesson beside the pages."""
    if exception is None and app.builder.format == "html":
        lesson = Path(reparam.__file__).parent / "lesson"
        shutil.copytree(lesson, Path(app.outdir) / "lesson", dirs_exist_ok=True)


def setup(app):
    app.connect("build-finished", copy_lesson)

"""What ``torch.distributions`` calls distributions and parameters, where names differ from ours."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CLASSES", "PARAMETERS"]

#: By the registry's name.
CLASSES: Mapping[str, str] = {
    "chi-square": "Chi2",
    "f": "FisherSnedecor",
    "gaussian": "Normal",
}

#: By the registry's name: our parameter -> torch's, the same number.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "beta": {"alpha": "concentration1", "beta": "concentration0"},
    "gamma": {"alpha": "concentration"},
    "inverse-gamma": {"alpha": "concentration", "scale": "rate"},
}

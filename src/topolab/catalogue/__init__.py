"""The catalogue: everything that the TOML folders declare, checked and available by name."""

from topolab.catalogue.catalogue import Candidate, Catalogue, load_catalogue, load_matrix
from topolab.launch.root import default_root

__all__ = ["Candidate", "Catalogue", "default_root", "load_catalogue", "load_matrix"]

"""Disclosure control: nothing leaves without a policy, and answers cannot be subtracted."""

from goldenthread.disclosure.cells import neutralise_formula
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.ledger import PUBLIC, Ledger
from goldenthread.disclosure.policies import Policy, named_policy, policies_from_toml, policy_names
from goldenthread.disclosure.released import ReleasedTable
from goldenthread.disclosure.releasing import release
from goldenthread.disclosure.request import Derived
from goldenthread.disclosure.wording import hidden_text

__all__ = [
    "PUBLIC",
    "Derived",
    "DisclosureError",
    "Ledger",
    "Policy",
    "ReleasedTable",
    "hidden_text",
    "named_policy",
    "neutralise_formula",
    "policies_from_toml",
    "policy_names",
    "release",
]

"""Disclosure control: nothing leaves without a policy, and answers cannot be subtracted."""

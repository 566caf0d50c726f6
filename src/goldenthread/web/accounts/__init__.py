"""Accounts: who somebody is, in which role and for whose population they work, and how they sign in."""

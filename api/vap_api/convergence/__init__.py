"""Asks again for scenarios that were not heard of: lost messages heal by themselves."""

"""Gateways: who moves money for us, in their own tongues."""
